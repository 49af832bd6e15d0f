# The public names, for lazy loading, editors and type checkers.
from .engines import LocalEngine as LocalEngine
from .leaderboard import results_table as results_table
from .ray_engine import RayEngine as RayEngine
from .statistics import (
    ablation as ablation,
)
from .statistics import (
    best_settings as best_settings,
)
from .statistics import (
    settings_table as settings_table,
)
from .statistics import (
    significantly_better as significantly_better,
)
from .sweep import (
    DONE as DONE,
)
from .sweep import (
    Sweep as Sweep,
)
from .sweep import (
    run_sweep as run_sweep,
)
from .sweep import (
    sweep_table as sweep_table,
)
