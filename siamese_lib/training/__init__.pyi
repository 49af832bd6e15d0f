# The public names, for lazy loading, editors and type checkers.
from .fit import train as train
from .pipeline import (
    TrainingData as TrainingData,
)
from .pipeline import (
    augment as augment,
)
from .pipeline import (
    evaluation_batches as evaluation_batches,
)
from .pipeline import (
    training_batches as training_batches,
)
from .results import (
    fuse_scores as fuse_scores,
)
from .results import (
    score_and_save as score_and_save,
)
from .run import Run as Run
