"""For notebooks alone: setup on Colab and Kaggle, widgets with static views, the report.

start_notebook        mount Google Drive on request, print versions
find_lfwa             find LFW-a in the usual folders, copy it from Drive
persistent_folder     a folder that outlives the session, on Drive if it is mounted
notebook_links        links to the project's notebooks, on Colab or as files
findings              what the numbers of a notebook say, in sentences
folded                a table that opens on a click
pair_rows             scored pairs with the reasons for their decisions
setup_table           the settings of experiments, grouped, with their meaning
times_table           the times of runs, until convergence and in all
threshold_slider      widget: decisions at a movable threshold
threshold_view        its static view
threshold_in_page     a slider that works in the page itself
guess_in_page         pairs to be guessed before the network answers
pair_browser          widget: pages of pairs with filters
browser_view          its static view
augmentation_preview  widget: a face with crop and augmentation
augmentation_view     its static view
sweep_explorer        widget: a metric of a sweep against an axis
sweep_view            its static view
photo_comparer        widget: two uploaded photos and their score
compared_photos       its static view
webcam_photo          a photo from the webcam, on Colab
write_start_page      the page in front of the reports
build_report          execute the notebooks and write their pages
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
