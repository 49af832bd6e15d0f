"""From an experiment to a finished run.

train               trains an experiment, or reads its finished run
Run                 the directory of a run: config, history, metrics, scores
TrainingData        dataset, splits, sampler and cache of a run
augment             random changes of images
training_batches    batches for fit
evaluation_batches  batches of pairs without augmentation
score_and_save      scores every pair and saves the results of a run
fuse_scores         an ensemble: members' scores, weighted on validation
"""

import lazy_loader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from siamese_lib.training.fit import train as train
    from siamese_lib.training.pipeline import TrainingData as TrainingData
    from siamese_lib.training.pipeline import augment as augment
    from siamese_lib.training.pipeline import evaluation_batches as evaluation_batches
    from siamese_lib.training.pipeline import training_batches as training_batches
    from siamese_lib.training.results import fuse_scores as fuse_scores
    from siamese_lib.training.results import score_and_save as score_and_save
    from siamese_lib.training.run import Run as Run

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "fit": ["train"],
        "run": ["Run"],
        "pipeline": ["TrainingData", "augment", "training_batches", "evaluation_batches"],
        "results": ["score_and_save", "fuse_scores"],
    },
)
