"""One-shot face verification with Siamese networks, after Koch, Zemel and Salakhutdinov (2015).

    import siamese_lib as sl

    config = sl.ExperimentConfig.from_yaml("experiments/sample.yaml")
    run = sl.train(config)

ExperimentConfig  the settings of an experiment, from a YAML file
load_dataset      finds or downloads a dataset
train             trains an experiment, or reads its finished run
Run               the directory of a run: config, history, metrics, scores
Verifier          a trained network: embeds images, scores pairs
Sweep, run_sweep  many runs around one experiment, as one table

data              from files on disk to arrays: datasets, pairs, splits, images
models            networks: layers, encoders, heads
training          from an experiment to a finished run
evaluation        from scores to numbers
plots             from numbers to figures
inference         a trained network in use
experiments       many runs: sweeps, statistics, tables of results
app               the page in the browser
notebook          widgets and set-up for notebooks, the report
utils             files and this machine

Everything is imported on first use: importing the package takes a millisecond. `data`, `evaluation`
and `plots` work without TensorFlow.
"""

import lazy_loader

__version__ = "0.1.0"
# Not from the stub, as in the packages: reading it takes longer than everything else here.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "app",
        "data",
        "evaluation",
        "experiments",
        "inference",
        "models",
        "notebook",
        "plots",
        "training",
        "utils",
    ],
    submod_attrs={
        "config": ["ExperimentConfig"],
        "data.load": ["load_dataset"],
        "experiments.sweep": ["Sweep"],
        "experiments.sweep_runs": ["run_sweep"],
        "inference.verifier": ["Verifier"],
        "training.fit": ["train"],
        "training.run": ["Run"],
    },
)
