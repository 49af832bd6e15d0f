"""Many trainings: sweeps, the engines that train them, statistics over seeds, the leaderboard.

Sweep                 a YAML file: a base experiment, what is varied, and the seeds
run_sweep             train the missing points of a sweep and collect the table
sweep_table           all points of a sweep with their state and metrics
DONE                  the state of a finished point in that table
LocalEngine           train the runs of a sweep on this machine, in a process for each core
RayEngine             train the runs of a sweep on a cluster, with Ray Tune
settings_table        a row for each setting of a sweep: means over seeds, 95 % intervals
best_settings         for each axis the best setting on validation, and which are worse
significantly_better  whether one setting beats another on validation, over people and seeds
ablation              what each component of a recipe contributes
people_curve          calibration against training, by the number of own people
runs_of_folds         the finished runs of a sweep over the folds of LFW's View 2
folds_rows            their mean accuracy, standard error and AUC, a row for each experiment
roc_over_folds        their ROC curves, read at the same false accept rates
beside_published      these rows beside the published ones
results_table         the leaderboard as a table for readers
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
