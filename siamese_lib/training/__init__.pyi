# The public names, for lazy loading, editors and type checkers.
from .ensemble import combine_scores as combine_scores
from .fit import (
    continue_run as continue_run,
    train as train,
)
from .pipeline import (
    TrainingData as TrainingData,
    augment as augment,
    evaluation_batches as evaluation_batches,
    training_batches as training_batches,
)
from .results import score_and_save as score_and_save
from .run import Run as Run
