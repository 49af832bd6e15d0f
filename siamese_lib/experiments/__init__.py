"""Many trainings: sweeps, the engines that train them, statistics over seeds, the leaderboard.

Sweep                 a YAML file: a base experiment, what is varied, and the seeds
run_sweep             train the missing points of a sweep and collect the table
sweep_table           all points of a sweep with their state and metrics
DONE                  the state of a finished point in that table
LocalEngine           train the runs of a sweep on this machine, each in its own process
RayEngine             train the runs of a sweep on a cluster, with Ray Tune
settings_table        a row for each setting of a sweep: means over seeds, 95 % intervals
best_settings         for each axis the best setting on validation, and which are worse
significantly_better  whether one setting beats another on validation, over people and seeds
ablation              what each component of a recipe contributes
results_table         the leaderboard as a table for readers
"""

import lazy_loader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from siamese_lib.experiments.engines import LocalEngine as LocalEngine
    from siamese_lib.experiments.leaderboard import results_table as results_table
    from siamese_lib.experiments.ray_engine import RayEngine as RayEngine
    from siamese_lib.experiments.statistics import ablation as ablation
    from siamese_lib.experiments.statistics import best_settings as best_settings
    from siamese_lib.experiments.statistics import settings_table as settings_table
    from siamese_lib.experiments.statistics import significantly_better as significantly_better
    from siamese_lib.experiments.sweep import DONE as DONE
    from siamese_lib.experiments.sweep import Sweep as Sweep
    from siamese_lib.experiments.sweep import run_sweep as run_sweep
    from siamese_lib.experiments.sweep import sweep_table as sweep_table

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "engines": ["LocalEngine"],
        "leaderboard": ["results_table"],
        "ray_engine": ["RayEngine"],
        "statistics": [
            "ablation",
            "best_settings",
            "settings_table",
            "significantly_better",
        ],
        "sweep": ["DONE", "Sweep", "run_sweep", "sweep_table"],
    },
)
