# The public names, for lazy loading, editors and type checkers.
from .engines import LocalEngine as LocalEngine
from .leaderboard import results_table as results_table
from .own_people import people_curve as people_curve
from .ray_engine import RayEngine as RayEngine
from .statistics import (
    ablation as ablation,
    best_settings as best_settings,
    settings_table as settings_table,
    significantly_better as significantly_better,
)
from .sweep import (
    DONE as DONE,
    Sweep as Sweep,
    run_sweep as run_sweep,
    sweep_table as sweep_table,
)
