# The public names, for lazy loading, editors and type checkers.
from .photo_widgets import (
    compared_photos as compared_photos,
)
from .photo_widgets import (
    photo_comparer as photo_comparer,
)
from .photo_widgets import (
    webcam_photo as webcam_photo,
)
from .report import build_report as build_report
from .setup import (
    find_lfwa as find_lfwa,
)
from .setup import (
    notebook_links as notebook_links,
)
from .setup import (
    persistent_folder as persistent_folder,
)
from .setup import (
    start_notebook as start_notebook,
)
from .widgets import (
    augmentation_preview as augmentation_preview,
)
from .widgets import (
    augmentation_view as augmentation_view,
)
from .widgets import (
    browser_view as browser_view,
)
from .widgets import (
    pair_browser as pair_browser,
)
from .widgets import (
    sweep_explorer as sweep_explorer,
)
from .widgets import (
    sweep_view as sweep_view,
)
from .widgets import (
    threshold_slider as threshold_slider,
)
from .widgets import (
    threshold_view as threshold_view,
)
