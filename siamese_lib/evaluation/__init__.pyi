# The public names, for lazy loading, editors and type checkers.
from .baseline import pixel_baseline as pixel_baseline
from .bootstrap import people_bootstrap as people_bootstrap
from .covariates import (
    COVARIATES as COVARIATES,
    pair_covariates as pair_covariates,
)
from .error_analysis import (
    by_class as by_class,
    enough_for_regression as enough_for_regression,
    error_rates as error_rates,
    errors_by_person as errors_by_person,
    least_confident as least_confident,
    mcnemar as mcnemar,
    most_confident as most_confident,
    regression_of_errors as regression_of_errors,
    suspected_label_errors as suspected_label_errors,
)
from .hard_trials import (
    ease_of_numbers as ease_of_numbers,
    hard_numbers as hard_numbers,
    hard_people as hard_people,
    rank_of_trial_sets as rank_of_trial_sets,
)
from .metrics import (
    accuracy_at as accuracy_at,
    area_under_roc as area_under_roc,
    best_threshold as best_threshold,
    calibrated_threshold as calibrated_threshold,
    confusion as confusion,
    equal_error_rate as equal_error_rate,
    roc as roc,
    true_accepts_at as true_accepts_at,
    verification_metrics as verification_metrics,
)
from .oneshot import (
    answer_trials as answer_trials,
    answered_correctly as answered_correctly,
    average_over_seeds as average_over_seeds,
    cosine_similarity as cosine_similarity,
    oneshot_accuracies as oneshot_accuracies,
    pairs_of_trial_sets as pairs_of_trial_sets,
    pixel_vectors as pixel_vectors,
    trial_accuracy as trial_accuracy,
)
from .reasons import (
    ranks as ranks,
    reasons_for as reasons_for,
    sentences as sentences,
    shares_of_reasons as shares_of_reasons,
    wrong_decision as wrong_decision,
)
from .thresholds import (
    calibrated as calibrated,
    calibration_table as calibration_table,
    errors_at as errors_at,
    roc_band as roc_band,
    selective_accuracy as selective_accuracy,
)
from .trials import (
    images_of as images_of,
    trial_sets as trial_sets,
)
