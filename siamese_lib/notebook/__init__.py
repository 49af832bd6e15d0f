"""For notebooks alone: setup on Colab and Kaggle, widgets with static views, the report.

start_notebook        mount Google Drive on request, print versions
find_lfwa             find LFW-a in the usual folders, copy it from Drive
persistent_folder     a folder that outlives the session, on Drive if it is mounted
notebook_links        links to the project's notebooks, on Colab or as files
threshold_slider      widget: decisions at a movable threshold
threshold_view        its static view
pair_browser          widget: pages of pairs with filters
browser_view          its static view
augmentation_preview  widget: a face with crop and augmentation
augmentation_view     its static view
sweep_explorer        widget: a metric of a sweep against an axis
sweep_view            its static view
scored_gallery        figure of scored pairs
explained_gallery     figure of scored pairs with occlusion maps
neighbour_sheet       figure of faces with their nearest neighbours
photo_comparer        widget: two uploaded photos and their score
compared_photos       its static view
webcam_photo          a photo from the webcam, on Colab
build_report          execute the notebooks and write their pages
"""

import lazy_loader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from siamese_lib.notebook.galleries import explained_gallery as explained_gallery
    from siamese_lib.notebook.galleries import neighbour_sheet as neighbour_sheet
    from siamese_lib.notebook.galleries import scored_gallery as scored_gallery
    from siamese_lib.notebook.photo_widgets import compared_photos as compared_photos
    from siamese_lib.notebook.photo_widgets import photo_comparer as photo_comparer
    from siamese_lib.notebook.photo_widgets import webcam_photo as webcam_photo
    from siamese_lib.notebook.report import build_report as build_report
    from siamese_lib.notebook.setup import find_lfwa as find_lfwa
    from siamese_lib.notebook.setup import notebook_links as notebook_links
    from siamese_lib.notebook.setup import persistent_folder as persistent_folder
    from siamese_lib.notebook.setup import start_notebook as start_notebook
    from siamese_lib.notebook.widgets import augmentation_preview as augmentation_preview
    from siamese_lib.notebook.widgets import augmentation_view as augmentation_view
    from siamese_lib.notebook.widgets import browser_view as browser_view
    from siamese_lib.notebook.widgets import pair_browser as pair_browser
    from siamese_lib.notebook.widgets import sweep_explorer as sweep_explorer
    from siamese_lib.notebook.widgets import sweep_view as sweep_view
    from siamese_lib.notebook.widgets import threshold_slider as threshold_slider
    from siamese_lib.notebook.widgets import threshold_view as threshold_view

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "galleries": ["explained_gallery", "neighbour_sheet", "scored_gallery"],
        "photo_widgets": ["compared_photos", "photo_comparer", "webcam_photo"],
        "report": ["build_report"],
        "setup": ["find_lfwa", "notebook_links", "persistent_folder", "start_notebook"],
        "widgets": [
            "augmentation_preview",
            "augmentation_view",
            "browser_view",
            "pair_browser",
            "sweep_explorer",
            "sweep_view",
            "threshold_slider",
            "threshold_view",
        ],
    },
)
