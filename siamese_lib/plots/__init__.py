"""Figures: data in, a matplotlib `Figure` out. Works without TensorFlow.

images_per_person         histogram of the number of images of each person
distributions             cumulative distributions of several quantities in groups
split_overlap             people of training among the validation pairs
learning_curves           loss, accuracy and AUC by epoch
score_histogram           scores of both classes with the threshold
confusion_matrix          counts of the four outcomes
accuracy_by_amount        accuracy against the amount of training data
accuracy_intervals        accuracies with intervals
gain_intervals            differences of accuracies with intervals
among_all                 accuracies of chosen trials among those of all
dot_plot                  accuracies beside published ones
ladder                    accuracies from chance to people, by what was learnt from
oneshot_curves            one-shot accuracy against the number of people
people_curves             accuracy against the number of own people
oneshot_by_epoch          one-shot accuracy by epoch
siamese_diagram           the network as boxes and arrows
block_areas               the blocks of networks, their parameters as areas
roc_bands                 ROC curves with bands
roc_of_folds              ROC curves of folds and their mean
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
split_slopes              accuracy on validation and test for two ways to split
seed_spread               spread of the seeds of each setting
files_and_inputs          two files with the crop, and the network's inputs
embeddings_and_evidence   two embeddings, and their evidence added up
faces                     single images with captions
pair_gallery              pairs of images, wrong decisions framed
explained_pairs           pairs of images with the influence of each region
mean_maps                 the mean influence of each region over many pairs
neighbour_rows            probes and their nearest faces
trial                     a one-shot trial
failures                  wrong one-shot trials
compared_faces            two faces and their score
aligned_frames            aligned faces with the positions of the eyes
DescribedFigure           a matplotlib figure with a description in words
new_figure                an empty figure in the project's style
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
