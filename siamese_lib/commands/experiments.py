"""Commands for experiments: data, training, sweeps, reports of results."""

import json
import os
import sys
from pathlib import Path

import siamese_lib as sl
from siamese_lib.commands import argument, command, one_of, path_of
from siamese_lib.config import choices
from siamese_lib.utils import machine
from siamese_lib.utils.files import parse_yaml_text
from siamese_lib.utils.text import as_table

CONFIG = argument("--config", help="an experiment's YAML file")
DATA_ROOT = argument(
    "--data-root",
    action=path_of("file or folder", "folder or archive"),
    help="folder or archive of the data set",
)
RUNS_DIR = "runs"
MAX_LISTED = 20  # names in a line of prepare
RUNS = argument(
    "--runs", action=path_of("new folder"), default=RUNS_DIR, help="where run folders are made"
)
SEED = argument("--seed", type=int, help="replaces the experiment's seed")
SET = argument(
    "--set",
    action="append",
    default=[],
    metavar="KEY=VALUE",
    help="replaces one value of the experiment; of the report: one parameter of the notebooks",
)
# Of the table of a run's metrics.
COLUMNS = ["split", "accuracy", "accuracy_interval", "accuracy_at_half", "auc", "eer"]
COLUMNS += ["tar_at_far_1pct", "cross_entropy", "loss", "num_pairs"]


@command(
    one_of(
        CONFIG,
        argument(
            "--dataset",
            choices=choices("dataset"),
            help="checks all images; by default the sample's",
        ),
    ),
    SEED,
    SET,
    DATA_ROOT,
)
def prepare(options):
    """Checks a dataset, builds its cache of all images and prints what was found."""
    from siamese_lib.data import summary
    from siamese_lib.data.cache import UnreadableImages, open_cache

    if not options.config and (options.set or options.seed is not None):
        raise ValueError(
            "prepare takes --set and --seed together with --config. Received: no --config"
        )
    # The images of an ensemble are those of its members; the first shows the split of all.
    config = (
        _config(options).networks()[0]
        if options.config
        else sl.ExperimentConfig(experiment="prepare", dataset=options.dataset or "sample")
    )
    if config.dataset == "folder" and options.data_root:
        # Before the lists: too few people may be a matter of what was left out.
        found = sl.data.locate_pictures(options.data_root, config.align, config.groups)
        for sentence in (*found.notes, *found.skipped.values()):
            print(sentence)
    dataset = sl.load_dataset(config, options.data_root)
    splits = dataset.split(config) | {"training and validation": dataset.train_pairs}
    missing = summary.missing_faces(dataset)
    duplicates = [_first(group, " = ") for group in summary.duplicate_files(dataset)]
    shared = dataset.train_pairs.people & dataset.test_pairs.people
    facts = {
        # With the folder inside it that holds all images.
        "read from": dataset.source.location / os.path.commonpath(dataset.files.values()),
        "people in both lists": len(shared),
        "people to train on": f"{len(dataset.train_people)} (rule: {dataset.people_rule})",
        "images missing": _listed(missing),
        "identical files": _listed(duplicates),
        # Photographs of the test side under the name of somebody to train on.
        "left out as copies": _listed(sorted(dataset.copies_of_test)),
    }
    print(f"{summary.people_table(dataset, splits).to_string()}\n")
    for name, fact in facts.items():
        print(f"{name:25} {fact}")
    # With an experiment: the images that its training reads. Without: every image.
    faces = set(dataset.faces_of(config) if options.config else dataset.files) - set(missing)
    try:
        cache = open_cache(dataset, config.crop, config.image_size, sorted(faces))
    except UnreadableImages as error:
        print(f"images unreadable         {_listed(error.names)}")
        raise
    print("images unreadable         0")
    if dataset.frame:
        height, width = dataset.frame[1::2]
        print(f"images of another size    {cache.num_other_size} than {height}x{width} pixels")
    print(f"images in the cache       {len(cache)} at {'x'.join(map(str, config.image_size))}")
    if missing:
        raise FileNotFoundError(
            f"{dataset.source.location}: images that the pair lists name are missing; "
            f"complete the data. Received: {_listed(missing)}"
        )


@command(
    argument("--config", required=True, help="an experiment's YAML file"),
    SEED,
    SET,
    argument("--json", action="store_true", help="prints JSON"),
)
def summary(options):
    """Prints the layers of a network, or the members of an ensemble, and their parameters."""
    config = _config(options)
    networks = [sl.models.build_model(each) for each in config.networks()]
    counts = [sl.models.count_parameters(network) for network in networks]
    parameters = {name: sum(count[name] for count in counts) for name in counts[0]}
    title, rows = "layers", sl.models.layer_table(networks[0])
    if config.members:
        title = "members"
        rows = [{"member": name, **count} for name, count in zip(config.members, counts)]
    if options.json:
        print(json.dumps({"parameters": parameters, title: rows}, indent=2))
    else:
        words = [f"{name.replace('_', '-')} {count:,}" for name, count in parameters.items()]
        print(f"{as_table(rows).to_string(index=False)}\n\n{', '.join(words)}")


@command(
    one_of(
        CONFIG,
        argument(
            "--run",
            action=path_of("folder", "run"),
            help="continues the run in this folder, by its config.json",
        ),
        required=True,
    ),
    SEED,
    SET,
    DATA_ROOT,
    RUNS,
)
def train(options):
    """Trains an experiment, or continues its training, and prints its metrics."""
    if options.run and options.runs != RUNS_DIR:
        raise ValueError(
            "train --run continues the run where it is; --runs goes with --config. Received: both"
        )
    if options.run and (options.set or options.seed is not None):
        raise ValueError(
            "train --run continues by the run's own settings; --set and --seed go with --config. "
            "Received: both"
        )
    config = sl.Run(options.run).config if options.run else _config(options)
    verbose = 1 if sys.stderr.isatty() else 2
    if options.run:
        run = sl.training.continue_run(options.run, options.data_root, verbose)
    else:
        run = sl.train(config, options.data_root, options.runs, verbose)
    print_metrics(run)


@command(DATA_ROOT)
def train_runs(options):
    """Trains runs whose folders come by standard input; a sweep starts it."""
    from siamese_lib.experiments.worker import train_runs

    train_runs(options.data_root)


@command(
    argument("file", help="a sweep's YAML file"),
    DATA_ROOT,
    argument(
        "--runs",
        action=path_of("new folder"),
        default="runs",
        help="where run folders are made, and the table",
    ),
    argument(
        "--engine", choices=("local", "ray"), default="local", help="this machine, or Ray's cluster"
    ),
    argument(
        "--workers", type=int, help="local: how many runs at a time; default: one a core, 4 at most"
    ),
    argument("--address", help="ray: a cluster's address; by default Ray starts on this machine"),
)
def sweep(options):
    """Runs every point of a sweep that is not finished and prints the table."""
    sweep = sl.Sweep.from_yaml(machine.project_path(options.file))
    engine = _engine(options)
    table = sl.run_sweep(sweep, options.runs, engine)
    print(table.drop(columns="run").to_string(index=False))
    if not (table["state"] == sl.experiments.DONE).all():
        raise RuntimeError(
            "Some points of the sweep have no numbers; the column state gives the reason. "
            f"Received: {sweep.name}"
        )


def _engine(options):
    if options.engine == "ray":
        if options.workers is not None:
            raise ValueError(
                "--workers goes with --engine local; Ray starts as many runs as its cluster can "
                "hold. Received: both"
            )
        return sl.experiments.RayEngine(options.data_root, options.address)
    if options.address:
        raise ValueError("--address goes with --engine ray. Received: --engine local")
    return sl.experiments.LocalEngine(options.data_root, options.workers)


@command(
    argument("--experiment", default="experiments/sample.yaml", help="an experiment's YAML file"),
    DATA_ROOT,
    RUNS,
    argument("--output", default="", help="the report's folder"),
    SET,
)
def report(options):
    """Executes the notebooks, writes the report and prints its path."""
    page = sl.notebook.build_report(
        options.experiment,
        options.data_root or "",
        options.runs,
        options.output,
        _overrides(options.set),
    )
    if page.parent.parent == machine.project_root() / "report":
        sl.notebook.write_start_page(machine.project_root() / "results", page.parent.parent)
    print(f"The report is ready: open {page}")


@command(
    argument(
        "--results",
        action=path_of("folder", "folder"),
        default=machine.project_root() / "results",
        help="the folder with the runs of lfwa and omniglot",
    )
)
def leaderboard(options):
    """Writes the tables of results, from the runs' folders, into JSON files and pages."""
    from siamese_lib.experiments.leaderboard import results_table
    from siamese_lib.experiments.project_pages import update

    root, results = machine.project_root(), Path(options.results)
    boards = update(results, root)
    sl.notebook.write_start_page(results, root / "report")
    print("\n\n".join(results_table(rows).to_markdown(index=False) for rows in boards.values()))


def _config(options):
    overrides = _overrides(options.set)
    if options.seed is not None:
        if "seed" in overrides:
            raise ValueError("--seed and --set seed are the same; give one. Received: both")
        overrides["seed"] = options.seed
    return sl.ExperimentConfig.from_yaml(machine.project_path(options.config), overrides)


def _overrides(items):
    overrides = {}
    for item in items:
        key, separator, value = item.partition("=")
        if not separator or not key.isidentifier():
            raise ValueError(
                f"--set takes KEY=VALUE, for example --set num_epochs=3. Received: {item!r}"
            )
        if key in overrides:
            raise ValueError(f"--set takes each key once; leave one out. Received: {key} twice")
        overrides[key] = parse_yaml_text(value, f"--set {key}")
    return overrides


def _listed(items):
    """The number of items and the first of them: a line that can be read."""
    return f"{len(items):,}: {_first(items, ', ')}" if items else "0"


def _first(items, separator):
    return separator.join([*map(str, items[:MAX_LISTED]), *["..."] * (len(items) > MAX_LISTED)])


def print_metrics(run: "sl.Run") -> None:
    """Prints the table of a run's metrics, a row for each split."""
    metrics = run.metrics
    rows = [
        {"split": split} | {name: metrics[split][name] for name in COLUMNS[1:]}
        for split in ("train", "validation", "test")
    ]
    table = as_table(rows)
    table["accuracy_interval"] = [
        "{:.4f} to {:.4f}".format(*interval) for interval in table["accuracy_interval"]
    ]
    seconds = metrics["seconds"]["train"]
    print(f"{run.directory}: threshold {metrics['threshold']:.4f}, trained in {seconds:.0f} s")
    print(table.to_string(index=False))
