# The public names, for lazy loading, editors and type checkers.
from . import findings as findings
from .page_widgets import (
    guess_in_page as guess_in_page,
    threshold_in_page as threshold_in_page,
)
from .photo_widgets import (
    augmentation_preview as augmentation_preview,
    augmentation_view as augmentation_view,
    compared_photos as compared_photos,
    photo_comparer as photo_comparer,
    webcam_photo as webcam_photo,
)
from .report import build_report as build_report
from .setup import (
    find_lfwa as find_lfwa,
    notebook_links as notebook_links,
    persistent_folder as persistent_folder,
    start_notebook as start_notebook,
)
from .start_page import write_start_page as write_start_page
from .tables import (
    folded as folded,
    pair_rows as pair_rows,
    setup_table as setup_table,
    times_table as times_table,
)
from .widgets import (
    browser_view as browser_view,
    pair_browser as pair_browser,
    sweep_explorer as sweep_explorer,
    sweep_view as sweep_view,
    threshold_slider as threshold_slider,
    threshold_view as threshold_view,
)
