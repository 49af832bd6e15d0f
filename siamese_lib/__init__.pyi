# The public names, for lazy loading, editors and type checkers.
from . import (
    app as app,
    data as data,
    evaluation as evaluation,
    experiments as experiments,
    inference as inference,
    models as models,
    notebook as notebook,
    plots as plots,
    training as training,
    utils as utils,
)
from .config import ExperimentConfig as ExperimentConfig
from .data.load import load_dataset as load_dataset
from .experiments.sweep import Sweep as Sweep
from .experiments.sweep_runs import run_sweep as run_sweep
from .inference.verifier import Verifier as Verifier
from .training.fit import train as train
from .training.run import Run as Run

__version__: str
