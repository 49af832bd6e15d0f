"""From an experiment to a finished run.

train               trains an experiment, or reads its finished run
continue_run        continues the training in a run's folder
Run                 the directory of a run: config, history, metrics, scores
TrainingData        dataset, splits, sampler and cache of a run
augment             random changes of images
training_batches    batches for fit
evaluation_batches  batches of pairs without augmentation
score_and_save      scores every pair and saves the results of a run
combine_scores      an ensemble: members' scores, weighted on validation
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
