"""What the commands of the command line do: read the options, call the rooms below, print."""

import json
import os
import sys
import threading
from pathlib import Path

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.lfw import locate_faces
from siamese_lib.data.load import load_dataset
from siamese_lib.utils import machine
from siamese_lib.utils.files import parse_yaml_text, write_json


def prepare(options):
    """Checks a dataset, builds its cache of all images and prints what is there."""
    from siamese_lib.data import images, summary

    if not options.config and (options.set or options.seed is not None):
        raise ValueError(
            "prepare takes --set and --seed together with --config. Received: no --config"
        )
    config = (
        _config(options)
        if options.config
        else ExperimentConfig(experiment="prepare", dataset=options.dataset or "sample")
    )
    dataset = load_dataset(config.dataset, options.data_root)
    parts = dataset.split(config)
    print(
        summary.people_table(
            dataset, parts | {"training and validation": dataset.train_pairs}
        ).to_string()
    )
    missing = summary.missing_faces(dataset)
    duplicates = summary.duplicate_files(dataset)
    print(f"\nread from                 {dataset.source.location}")
    print(
        f"people in both lists      {len(dataset.train_pairs.people & dataset.test_pairs.people)}"
    )
    print(f"people to train on        {len(dataset.train_people)} (rule: {dataset.people_rule})")
    print(f"images missing          {_listed(missing)}")
    print(
        f"identical files           {_listed([' = '.join(map(str, group)) for group in duplicates])}"
    )
    # With an experiment, just what its training will open; without one every image is decoded once.
    faces = sorted(
        set(dataset.faces_of(config) if options.config else dataset.files) - set(missing)
    )
    try:
        cache = images.open_cache(dataset, config.crop, config.image_size, faces)
    except images.UnreadableImages as error:
        print(f"images unreadable       {_listed(error.names)}")
        raise
    print(
        f"images unreadable       0\nimages in the cache     {len(cache)} at {config.image_size[0]}x{config.image_size[1]}"
    )
    if missing:
        raise FileNotFoundError(
            f"{dataset.source.location}: images that the pair lists name are missing; complete the data. Received: {_listed(missing)}"
        )


def summary(options):
    """Prints the layers and the number of parameters of an experiment's network."""
    from siamese_lib.models.networks import build_model, count_parameters, layer_table
    from siamese_lib.utils.files import as_table

    network = build_model(_config(options))
    parameters, layers = count_parameters(network), layer_table(network)
    if options.json:
        print(json.dumps({"parameters": parameters, "layers": layers}, indent=2))
        return
    print(as_table(layers).to_string(index=False))
    print(
        "\n"
        + ", ".join(f"{name.replace('_', '-')} {count:,}" for name, count in parameters.items())
    )


def train(options):
    """Trains an experiment, or goes on with it, and prints its metrics."""
    from siamese_lib.training.fit import train as train_run

    if options.of_sweep:
        _end_with_standard_input()
    config, runs_dir = _what_to_train(options)
    run = train_run(
        config,
        options.data_root,
        runs_dir,
        verbose=1 if sys.stderr.isatty() else 2,
        wait=options.of_sweep,
    )
    _print_metrics(run)


def _what_to_train(options):
    if not options.run:
        return _config(options), options.runs
    from siamese_lib.training.run import Run

    if options.set or options.seed is not None:
        raise ValueError(
            "train --run goes on with the run's own settings; --set and --seed go with --config. Received: both"
        )
    directory = Path(options.run).resolve()
    return Run(directory).config, directory.parents[1]


def _end_with_standard_input():
    """A run of a sweep shall not outlive the sweep, however that ends: the sweep holds the other end of this pipe."""

    def wait():
        sys.stdin.buffer.read()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def evaluate(options):
    """Prints the metrics of a finished run, or scores a pair list with a model file."""
    from siamese_lib.evaluation import metrics

    if options.run:
        if options.pairs or options.data_root:
            raise ValueError(
                "evaluate --run reads the run's own scores; --pairs and --data-root go with --model. Received: both"
            )
        from siamese_lib.training.run import Run

        run = Run.existing(options.run)
        _print_metrics(run)
        result = run.metrics["test"] | {"threshold": run.metrics["threshold"]}
    else:
        pairs, scores, threshold = _score_pair_list(options)
        result = metrics.verification_metrics(pairs, scores, threshold) | {"threshold": threshold}
    _print_and_write(result, ("accuracy", "auc", "eer", "threshold", "num_pairs"), options.json)


def _score_pair_list(options):
    from siamese_lib.data import images
    from siamese_lib.data.pairs import read_pairs
    from siamese_lib.inference.verifier import Verifier

    if not (options.model and options.pairs and options.data_root):
        raise ValueError(
            "evaluate takes --run DIR, or --model FILE.keras with --pairs FILE and --data-root ROOT. Received: neither"
        )
    pairs = read_pairs(options.pairs)
    verifier = Verifier.load(options.model)
    faces = locate_faces(options.data_root)
    cache = images.open_cache(faces, verifier.crop, verifier.image_size, pairs.faces)
    return pairs, verifier.score_pairs(cache, pairs), verifier.settings["threshold"]


def oneshot(options):
    """Scores a model in runs of one-shot trials that are laid out as Lake's all_runs.zip."""
    import numpy as np

    from siamese_lib.data.images import decode_image
    from siamese_lib.data.omniglot import read_trials
    from siamese_lib.evaluation.oneshot import images_of, trial_accuracy
    from siamese_lib.inference.verifier import Verifier

    verifier = Verifier.load(options.model)
    source, runs = read_trials(options.runs)
    names = images_of(runs)
    images = np.stack(
        [
            decode_image(source.read(name), verifier.crop, verifier.image_size, name)
            for name in names
        ]
    )
    result = trial_accuracy(
        verifier.answer_trials(runs, names, verifier.embed(images[..., np.newaxis]))
    )
    _print_and_write(result, ("accuracy", "num_trial_sets", "num_trials"), options.json)


def verify(options):
    """Decides whether two photographs show the same person."""
    from siamese_lib.inference import comparison

    verifier = _verifier(options)
    score, notes = comparison.compare(verifier, options.images, options.aligned)
    threshold = verifier.settings["threshold"]
    print(
        "\n".join(
            [
                *notes,
                f"{comparison.decision(score, threshold)}: score {score:.4f}, {_explained(threshold)}",
            ]
        )
    )


def find(options):
    """Ranks the images of a folder by how alike they are to a photograph."""
    from siamese_lib.inference import comparison
    from siamese_lib.utils.files import as_table

    if options.top is not None and options.top < 1:
        raise ValueError(f"--top takes a whole number from 1 on. Received: {options.top}")
    verifier = _verifier(options)
    ranking = comparison.rank_folder(verifier, options.probe, options.folder, options.aligned)
    for line in (*ranking.notes, *(f"skipped: {sentence}" for sentence in ranking.skipped)):
        print(line)
    rows = [row | {"score": f"{row['score']:.4f}"} for row in ranking.rows[: options.top]]
    print(as_table(rows).to_string(index=False))
    print(_explained(verifier.settings["threshold"]))


def sweep(options):
    """Runs every point of a sweep that is not done yet and prints the table."""
    from siamese_lib.experiments.sweep import DONE, Sweep, run_sweep

    sweep = Sweep.from_yaml(machine.project_path(options.file))
    table = run_sweep(sweep, options.runs, _engine(options))
    print(table.drop(columns="run").to_string(index=False))
    if not (table["state"] == DONE).all():
        raise RuntimeError(
            f"Some points of the sweep have no numbers; the column state says why. Received: {sweep.name}"
        )


def _engine(options):
    if options.engine == "ray":
        from siamese_lib.experiments.ray_engine import RayEngine

        if options.workers is not None:
            raise ValueError(
                "--workers goes with --engine local; Ray runs as many as its cluster has room for. Received: both"
            )
        return RayEngine(options.data_root, options.address)
    from siamese_lib.experiments.engines import LocalEngine

    if options.address:
        raise ValueError("--address goes with --engine ray. Received: --engine local")
    return LocalEngine(options.data_root, 1 if options.workers is None else options.workers)


def report(options):
    """Executes the notebooks and says where to look."""
    from siamese_lib.notebook.report import build_report

    page = build_report(
        options.experiment,
        options.data_root or "",
        options.runs,
        options.output or "",
        _overrides(options.set),
    )
    print(f"The report is ready: open {page}")


def leaderboard(options):
    """Writes the tables of results from the runs' folders into JSON files, README.md and the models' card."""
    from siamese_lib.experiments.leaderboard import TABLES, update
    from siamese_lib.experiments.statistics import write_tables

    root, results = machine.project_root(), Path(options.results)
    boards = update(
        results, root / "README.md", root / "models" / "README.md"
    )  # before it, a wrong folder would be made
    write_tables(root / "experiments" / "sweeps", results / "lfwa")
    print("\n\n".join(TABLES[dataset](rows) for dataset, rows in boards.items()))


def alignment(options):
    """Measures what the alignment of a face does to its score and writes alignment.json."""
    from benchmarks.alignment import measure

    config = ExperimentConfig.from_yaml(machine.project_path(options.config))
    measured = measure(_verifier(options), load_dataset(config.dataset, options.data_root), config)
    path = Path(options.results) / "alignment.json"
    write_json(path, measured | {"versions": machine.versions()})
    print(f"Written: {path}")


def _config(options):
    seed = {} if options.seed is None else {"seed": options.seed}
    return ExperimentConfig.from_yaml(
        machine.project_path(options.config), _overrides(options.set) | seed
    )


def _overrides(items):
    overrides = {}
    for item in items:
        key, separator, value = item.partition("=")
        if not separator or not key.isidentifier():
            raise ValueError(
                f"--set takes KEY=VALUE, for example --set num_epochs=3. Received: {item!r}"
            )
        overrides[key] = parse_yaml_text(value, f"--set {key}")
    return overrides


def _verifier(options):
    from siamese_lib.inference.verifier import Verifier

    return Verifier.load(Path(options.run) / "model.keras" if options.run else options.model)


def _explained(threshold):
    return f"threshold {threshold:.4f} (a larger score is more alike)"


def _listed(items):
    return f"{len(items)}" + (f": {', '.join(map(str, items))}" if items else "")


def _print_and_write(result, keys, path):
    """Prints some values of a result on one line, and writes them into the JSON file at `path`, if there is one."""
    print(
        "  ".join(
            f"{key} {result[key]:.4f}" if isinstance(result[key], float) else f"{key} {result[key]}"
            for key in keys
        )
    )
    if path:
        write_json(path, {key: result[key] for key in keys})


def _print_metrics(run):
    from siamese_lib.utils.files import as_table

    columns = (
        "accuracy",
        "accuracy_interval",
        "accuracy_at_half",
        "auc",
        "eer",
        "tar_at_far_1pct",
        "loss",
        "num_pairs",
    )
    metrics = run.metrics
    rows = [
        {"split": split} | {key: metrics[split][key] for key in columns}
        for split in ("train", "validation", "test")
    ]
    for row in rows:
        row["accuracy_interval"] = "{:.4f} to {:.4f}".format(*row["accuracy_interval"])
    print(
        f"{run.directory}: threshold {metrics['threshold']:.4f}, trained in {metrics['seconds']['train']:.0f} s"
    )
    print(as_table(rows).to_string(index=False))
