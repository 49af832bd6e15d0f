"""Metrics, thresholds, error analysis and one-shot trials from scores. Works without TensorFlow.

verification_metrics    all metrics of one split: accuracy, AUC, EER, TAR@FAR, ...
accuracy_at             accuracy at a threshold
confusion               confusion matrix at a threshold
best_threshold          threshold with the highest accuracy
calibrated_threshold    threshold at a calibrated probability of one half
roc                     ROC curve
area_under_roc          AUC
equal_error_rate        EER, the rate at which both kinds of errors are equally frequent
true_accepts_at         TAR@FAR, the true accept rate at a false accept rate
people_bootstrap        95 % interval of a mean over pairs, by bootstrap over people
mcnemar                 exact test of two ways to decide the same pairs
roc_band                ROC curve with a 95 % band
errors_at               false accepts and false rejects at several thresholds
calibrated              scores calibrated by Platt scaling and by isotonic regression
calibration_table       Brier score and log loss of probabilities
selective_accuracy      accuracy when pairs near the threshold are not decided
COVARIATES              descriptions of the covariates of a pair
pair_covariates         brightness, sharpness, pose, ... of each pair
by_class                pairs, errors and covariates of each class
error_rates             error rate along a covariate
regression_of_errors    odds ratios of an error for all covariates at once
enough_for_regression   whether there are enough errors for that
most_confident          most confident correct or wrong decisions
least_confident         decisions nearest to the threshold
ranks                   the share of pairs with a smaller value, of each covariate
reasons_for             in which ways a pair is unusual that fit its decision
sentences               these reasons in words
shares_of_reasons       how often each reason goes with errors
wrong_decision          the decision that is wrong for each pair
errors_by_person        false accepts and false rejects of each person
suspected_label_errors  pairs whose labels need a check
trial_sets              one-shot trials of an experiment
images_of               images of several trial sets
answer_trials           answers to one-shot trials by a similarity
answered_correctly      whether the correct image alone is the most similar one
average_over_seeds      trials answered by several runs, averaged
trial_accuracy          accuracy over trials with its interval
hard_people             who is confused with whom within a group
hard_numbers            accuracy by pair of image numbers, all people of a group in the gallery
ease_of_numbers         which image numbers are easier than their group's mean
rank_of_trial_sets      where trial sets lie among all pairs of image numbers
pairs_of_trial_sets     clusters of trials where the groups are unknown
pixel_baseline          metrics of the correlation of pixels, without learning
oneshot_accuracies      accuracy against the number of people in the gallery
cosine_similarity       cosine of embeddings as a similarity for one-shot trials
pixel_vectors           images as embeddings: a baseline without a network
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
