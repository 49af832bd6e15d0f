# The public names, for lazy loading, editors and type checkers.
from . import (
    data as data,
)
from . import (
    evaluation as evaluation,
)
from . import (
    experiments as experiments,
)
from . import (
    inference as inference,
)
from . import (
    models as models,
)
from . import (
    notebook as notebook,
)
from . import (
    plots as plots,
)
from . import (
    training as training,
)
from . import (
    utils as utils,
)
from .config import ExperimentConfig as ExperimentConfig
from .data.load import load_dataset as load_dataset
from .experiments.sweep import (
    Sweep as Sweep,
)
from .experiments.sweep import (
    run_sweep as run_sweep,
)
from .inference.verifier import Verifier as Verifier
from .training.fit import train as train
from .training.run import Run as Run

__version__: str
