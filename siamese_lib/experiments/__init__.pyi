# The public names, for lazy loading, editors and type checkers.
from .engines import LocalEngine as LocalEngine
from .folds import (
    beside_published as beside_published,
    folds_rows as folds_rows,
    roc_over_folds as roc_over_folds,
    runs_of_folds as runs_of_folds,
)
from .leaderboard import results_table as results_table
from .own_people import people_curve as people_curve
from .ray_engine import RayEngine as RayEngine
from .statistics import (
    ablation as ablation,
    best_settings as best_settings,
    settings_table as settings_table,
    significantly_better as significantly_better,
)
from .sweep import Sweep as Sweep
from .sweep_runs import (
    DONE as DONE,
    run_sweep as run_sweep,
    sweep_table as sweep_table,
)
