"""Figures: data in, a matplotlib `Figure` out. Works without TensorFlow.

images_per_person         histogram of the number of images of each person
histograms                histograms of several quantities in groups
split_overlap             people of training among the validation pairs
learning_curves           loss, accuracy and AUC by epoch
score_histogram           scores of both classes with the threshold
confusion_matrix          counts of the four outcomes
accuracy_by_amount        accuracy against the amount of training data
accuracy_intervals        accuracies with intervals
gain_intervals            differences of accuracies with intervals
dot_plot                  accuracies beside published ones
oneshot_curves            one-shot accuracy against the number of people
oneshot_by_epoch          one-shot accuracy by epoch
siamese_diagram           the network as boxes and arrows
roc_bands                 ROC curves with bands
det_curves                detection error trade-off curves
reliability_diagram       observed against predicted probability
selective_accuracy_curve  accuracy when pairs near the threshold are not decided
error_rates_by_covariate  error rates along each covariate
odds_ratios               odds ratios of an error for each covariate
plane_of_people           embeddings as points of a plane
alignment_errors          scores and accuracy against an error of the alignment
against_axis              a metric against one axis of a sweep
curves_of_runs            learning curves of the runs along an axis
heat_map                  validation AUC over two axes
parallel_coordinates      settings and results of all runs
seed_spread               spread of the seeds of each setting
training_times            training time of each run
faces                     single images with captions
pair_gallery              pairs of images, wrong decisions framed
explained_pairs           pairs of images with the influence of each region
neighbour_rows            probes and their nearest faces
trial                     a one-shot trial
failures                  wrong one-shot trials
compared_faces            two faces and their score
aligned_frames            aligned faces with the positions of the eyes
DescribedFigure           a matplotlib figure with a description in words
new_figure                an empty figure in the project's style
"""

import lazy_loader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from siamese_lib.plots.basic import accuracy_by_amount as accuracy_by_amount
    from siamese_lib.plots.basic import accuracy_intervals as accuracy_intervals
    from siamese_lib.plots.basic import confusion_matrix as confusion_matrix
    from siamese_lib.plots.basic import dot_plot as dot_plot
    from siamese_lib.plots.basic import gain_intervals as gain_intervals
    from siamese_lib.plots.basic import histograms as histograms
    from siamese_lib.plots.basic import images_per_person as images_per_person
    from siamese_lib.plots.basic import learning_curves as learning_curves
    from siamese_lib.plots.basic import oneshot_by_epoch as oneshot_by_epoch
    from siamese_lib.plots.basic import oneshot_curves as oneshot_curves
    from siamese_lib.plots.basic import score_histogram as score_histogram
    from siamese_lib.plots.basic import split_overlap as split_overlap
    from siamese_lib.plots.diagram import siamese_diagram as siamese_diagram
    from siamese_lib.plots.errors import alignment_errors as alignment_errors
    from siamese_lib.plots.errors import det_curves as det_curves
    from siamese_lib.plots.errors import error_rates_by_covariate as error_rates_by_covariate
    from siamese_lib.plots.errors import odds_ratios as odds_ratios
    from siamese_lib.plots.errors import plane_of_people as plane_of_people
    from siamese_lib.plots.errors import reliability_diagram as reliability_diagram
    from siamese_lib.plots.errors import roc_bands as roc_bands
    from siamese_lib.plots.errors import selective_accuracy_curve as selective_accuracy_curve
    from siamese_lib.plots.galleries import aligned_frames as aligned_frames
    from siamese_lib.plots.galleries import compared_faces as compared_faces
    from siamese_lib.plots.galleries import explained_pairs as explained_pairs
    from siamese_lib.plots.galleries import faces as faces
    from siamese_lib.plots.galleries import failures as failures
    from siamese_lib.plots.galleries import neighbour_rows as neighbour_rows
    from siamese_lib.plots.galleries import pair_gallery as pair_gallery
    from siamese_lib.plots.galleries import trial as trial
    from siamese_lib.plots.style import DescribedFigure as DescribedFigure
    from siamese_lib.plots.style import new_figure as new_figure
    from siamese_lib.plots.sweeps import against_axis as against_axis
    from siamese_lib.plots.sweeps import curves_of_runs as curves_of_runs
    from siamese_lib.plots.sweeps import heat_map as heat_map
    from siamese_lib.plots.sweeps import parallel_coordinates as parallel_coordinates
    from siamese_lib.plots.sweeps import seed_spread as seed_spread
    from siamese_lib.plots.sweeps import training_times as training_times

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "basic": [
            "accuracy_by_amount",
            "accuracy_intervals",
            "confusion_matrix",
            "dot_plot",
            "gain_intervals",
            "histograms",
            "images_per_person",
            "learning_curves",
            "oneshot_by_epoch",
            "oneshot_curves",
            "score_histogram",
            "split_overlap",
        ],
        "diagram": ["siamese_diagram"],
        "errors": [
            "alignment_errors",
            "det_curves",
            "error_rates_by_covariate",
            "odds_ratios",
            "plane_of_people",
            "reliability_diagram",
            "roc_bands",
            "selective_accuracy_curve",
        ],
        "galleries": [
            "aligned_frames",
            "compared_faces",
            "explained_pairs",
            "faces",
            "failures",
            "neighbour_rows",
            "pair_gallery",
            "trial",
        ],
        "style": ["DescribedFigure", "new_figure"],
        "sweeps": [
            "against_axis",
            "curves_of_runs",
            "heat_map",
            "parallel_coordinates",
            "seed_spread",
            "training_times",
        ],
    },
)
