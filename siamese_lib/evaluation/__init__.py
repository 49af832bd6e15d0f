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
most_confident          most confident correct or wrong decisions
least_confident         decisions nearest to the threshold
errors_by_person        false accepts and false rejects of each person
suspected_label_errors  pairs whose labels need a check
trial_sets              one-shot trials of an experiment
images_of               images of several trial sets
answer_trials           answers to one-shot trials by a similarity
answered_correctly      whether the correct image alone is the most similar one
average_over_seeds      trials answered by several runs, averaged
trial_accuracy          accuracy over trials with its interval
oneshot_accuracies      accuracy against the number of people in the gallery
cosine_similarity       cosine of embeddings as a similarity for one-shot trials
pixel_vectors           images as embeddings: a baseline without a network
"""

import lazy_loader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from siamese_lib.evaluation.error_analysis import COVARIATES as COVARIATES
    from siamese_lib.evaluation.error_analysis import by_class as by_class
    from siamese_lib.evaluation.error_analysis import error_rates as error_rates
    from siamese_lib.evaluation.error_analysis import errors_by_person as errors_by_person
    from siamese_lib.evaluation.error_analysis import least_confident as least_confident
    from siamese_lib.evaluation.error_analysis import most_confident as most_confident
    from siamese_lib.evaluation.error_analysis import pair_covariates as pair_covariates
    from siamese_lib.evaluation.error_analysis import regression_of_errors as regression_of_errors
    from siamese_lib.evaluation.error_analysis import (
        suspected_label_errors as suspected_label_errors,
    )
    from siamese_lib.evaluation.metrics import accuracy_at as accuracy_at
    from siamese_lib.evaluation.metrics import area_under_roc as area_under_roc
    from siamese_lib.evaluation.metrics import best_threshold as best_threshold
    from siamese_lib.evaluation.metrics import calibrated_threshold as calibrated_threshold
    from siamese_lib.evaluation.metrics import confusion as confusion
    from siamese_lib.evaluation.metrics import equal_error_rate as equal_error_rate
    from siamese_lib.evaluation.metrics import mcnemar as mcnemar
    from siamese_lib.evaluation.metrics import people_bootstrap as people_bootstrap
    from siamese_lib.evaluation.metrics import roc as roc
    from siamese_lib.evaluation.metrics import true_accepts_at as true_accepts_at
    from siamese_lib.evaluation.metrics import verification_metrics as verification_metrics
    from siamese_lib.evaluation.oneshot import answer_trials as answer_trials
    from siamese_lib.evaluation.oneshot import answered_correctly as answered_correctly
    from siamese_lib.evaluation.oneshot import average_over_seeds as average_over_seeds
    from siamese_lib.evaluation.oneshot import cosine_similarity as cosine_similarity
    from siamese_lib.evaluation.oneshot import images_of as images_of
    from siamese_lib.evaluation.oneshot import oneshot_accuracies as oneshot_accuracies
    from siamese_lib.evaluation.oneshot import pixel_vectors as pixel_vectors
    from siamese_lib.evaluation.oneshot import trial_accuracy as trial_accuracy
    from siamese_lib.evaluation.oneshot import trial_sets as trial_sets
    from siamese_lib.evaluation.thresholds import calibrated as calibrated
    from siamese_lib.evaluation.thresholds import calibration_table as calibration_table
    from siamese_lib.evaluation.thresholds import errors_at as errors_at
    from siamese_lib.evaluation.thresholds import roc_band as roc_band
    from siamese_lib.evaluation.thresholds import selective_accuracy as selective_accuracy

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "error_analysis": [
            "COVARIATES",
            "by_class",
            "error_rates",
            "errors_by_person",
            "least_confident",
            "most_confident",
            "pair_covariates",
            "regression_of_errors",
            "suspected_label_errors",
        ],
        "metrics": [
            "accuracy_at",
            "area_under_roc",
            "best_threshold",
            "calibrated_threshold",
            "confusion",
            "equal_error_rate",
            "mcnemar",
            "people_bootstrap",
            "roc",
            "true_accepts_at",
            "verification_metrics",
        ],
        "oneshot": [
            "answer_trials",
            "answered_correctly",
            "average_over_seeds",
            "cosine_similarity",
            "images_of",
            "oneshot_accuracies",
            "pixel_vectors",
            "trial_accuracy",
            "trial_sets",
        ],
        "thresholds": [
            "calibrated",
            "calibration_table",
            "errors_at",
            "roc_band",
            "selective_accuracy",
        ],
    },
)
