# The public names, for lazy loading, editors and type checkers.
from .error_analysis import (
    COVARIATES as COVARIATES,
)
from .error_analysis import (
    by_class as by_class,
)
from .error_analysis import (
    error_rates as error_rates,
)
from .error_analysis import (
    errors_by_person as errors_by_person,
)
from .error_analysis import (
    least_confident as least_confident,
)
from .error_analysis import (
    mcnemar as mcnemar,
)
from .error_analysis import (
    most_confident as most_confident,
)
from .error_analysis import (
    pair_covariates as pair_covariates,
)
from .error_analysis import (
    regression_of_errors as regression_of_errors,
)
from .error_analysis import (
    suspected_label_errors as suspected_label_errors,
)
from .metrics import (
    accuracy_at as accuracy_at,
)
from .metrics import (
    area_under_roc as area_under_roc,
)
from .metrics import (
    best_threshold as best_threshold,
)
from .metrics import (
    calibrated_threshold as calibrated_threshold,
)
from .metrics import (
    confusion as confusion,
)
from .metrics import (
    equal_error_rate as equal_error_rate,
)
from .metrics import (
    people_bootstrap as people_bootstrap,
)
from .metrics import (
    roc as roc,
)
from .metrics import (
    true_accepts_at as true_accepts_at,
)
from .metrics import (
    verification_metrics as verification_metrics,
)
from .oneshot import (
    answer_trials as answer_trials,
)
from .oneshot import (
    answered_correctly as answered_correctly,
)
from .oneshot import (
    average_over_seeds as average_over_seeds,
)
from .oneshot import (
    cosine_similarity as cosine_similarity,
)
from .oneshot import (
    images_of as images_of,
)
from .oneshot import (
    oneshot_accuracies as oneshot_accuracies,
)
from .oneshot import (
    pixel_vectors as pixel_vectors,
)
from .oneshot import (
    trial_accuracy as trial_accuracy,
)
from .oneshot import (
    trial_sets as trial_sets,
)
from .thresholds import (
    calibrated as calibrated,
)
from .thresholds import (
    calibration_table as calibration_table,
)
from .thresholds import (
    errors_at as errors_at,
)
from .thresholds import (
    roc_band as roc_band,
)
from .thresholds import (
    selective_accuracy as selective_accuracy,
)
