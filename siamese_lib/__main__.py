"""The command line: `python -m siamese_lib COMMAND --help`. It parses, calls and prints; the work is done in the rooms below.

Exit codes: 0 done, 1 a notebook of the report failed, 2 the user's input cannot be used, 130 stopped by the user.
"""

import argparse
import json
import os
import sys
from pathlib import Path

import yaml

from siamese_lib import environment
from siamese_lib.config import CHOICES, ExperimentConfig
from siamese_lib.datasets import load_dataset, locate_faces
from siamese_lib.files import write_json

RESULTS = environment.project_root() / "results" / "lfwa"


def main(arguments=None):
    """Runs one command and returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return options.command(options) or 0
    except BrokenPipeError:
        # Whoever read the output, `head` for example, has enough of it; what is left goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError) as error:
        message = str(error)
        if isinstance(error, OSError) and error.errno:
            # The system's own words say neither what to do nor, in a traceback's place, much to a reader.
            message = f"{error.strerror}; check the path, its permissions and the space on the disk. Received: {error.filename}"
        print(f"siamese_lib: {' '.join(message.split())}", file=sys.stderr)
        return 2
    except RuntimeError as error:
        print(f"siamese_lib: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. The same command goes on from the last whole epoch.", file=sys.stderr)
        return 130


def prepare(options):
    """Checks a dataset, builds its cache of all pictures and prints what is there."""
    from siamese_lib import images, inspection

    if not options.config and (options.set or options.seed is not None):
        raise ValueError("prepare takes --set and --seed together with --config. Received: no --config")
    config = _config(options) if options.config else ExperimentConfig(experiment="prepare", dataset=options.dataset or "sample")
    dataset = load_dataset(config.dataset, options.data_root)
    parts = dataset.split(config)
    print(inspection.people_table(dataset, parts | {"training and validation": dataset.train_pairs}).to_string())
    missing = inspection.missing_faces(dataset)
    duplicates = inspection.duplicate_files(dataset)
    print(f"\nread from                 {dataset.source.location}")
    print(f"people in both lists      {len(dataset.train_pairs.people & dataset.test_pairs.people)}")
    print(f"people to train on        {len(dataset.train_people)} (rule: {dataset.people_rule})")
    print(f"pictures missing          {_listed(missing)}")
    print(f"identical files           {_listed([' = '.join(map(str, group)) for group in duplicates])}")
    # With an experiment, just what its training will open; without one every picture is decoded once.
    faces = sorted(set(dataset.faces_of(config) if options.config else dataset.files) - set(missing))
    try:
        cache = images.open_cache(dataset, config.crop, config.image_size, faces)
    except images.UnreadablePictures as error:
        print(f"pictures unreadable       {_listed(error.names)}")
        raise
    print(f"pictures unreadable       0\npictures in the cache     {len(cache)} at {config.image_size[0]}x{config.image_size[1]}")
    if missing:
        raise FileNotFoundError(
            f"{dataset.source.location}: pictures that the pair lists name are missing; complete the data. Received: {_listed(missing)}"
        )


def summary(options):
    """Prints the layers and the number of parameters of an experiment's network."""
    from siamese_lib.inspection import as_table
    from siamese_lib.model import build_model, count_parameters, layer_table

    network = build_model(_config(options))
    parameters, layers = count_parameters(network), layer_table(network)
    if options.json:
        print(json.dumps({"parameters": parameters, "layers": layers}, indent=2))
        return
    print(as_table(layers).to_string(index=False))
    print("\n" + ", ".join(f"{name.replace('_', '-')} {count:,}" for name, count in parameters.items()))


def train(options):
    """Trains an experiment, or goes on with it, and prints its metrics."""
    from siamese_lib.training import train as train_run

    run = train_run(_config(options), options.data_root, options.runs, verbose=1 if sys.stderr.isatty() else 2)
    _print_metrics(run)


def evaluate(options):
    """Prints the metrics of a finished run, or scores a pair list with a model file."""
    from siamese_lib import evaluation

    if options.run:
        if options.pairs or options.data_root:
            raise ValueError("evaluate --run reads the run's own scores; --pairs and --data-root go with --model. Received: both")
        from siamese_lib.runs import Run

        run = Run.existing(options.run)
        _print_metrics(run)
        result = run.metrics["test"] | {"threshold": run.metrics["threshold"]}
    else:
        pairs, scores, threshold = _score_pair_list(options)
        result = evaluation.verification_metrics(pairs, scores, threshold) | {"threshold": threshold}
    keys = ("accuracy", "auc", "eer", "threshold", "num_pairs")
    print("  ".join(f"{key} {result[key]:.4f}" if isinstance(result[key], float) else f"{key} {result[key]}" for key in keys))
    if options.json:
        write_json(options.json, {key: result[key] for key in keys})


def _score_pair_list(options):
    from siamese_lib import images
    from siamese_lib.pairs import read_pairs
    from siamese_lib.scoring import Verifier

    if not (options.model and options.pairs and options.data_root):
        raise ValueError("evaluate takes --run DIR, or --model FILE.keras with --pairs FILE and --data-root ROOT. Received: neither")
    pairs = read_pairs(options.pairs)
    verifier = Verifier.load(options.model)
    faces = locate_faces(options.data_root)
    cache = images.open_cache(faces, verifier.crop, verifier.image_size, pairs.faces)
    return pairs, verifier.score_pairs(cache, pairs), verifier.settings["threshold"]


def verify(options):
    """Decides whether two photographs show the same person."""
    from siamese_lib import comparison

    verifier = _verifier(options)
    score, notes = comparison.compare(verifier, options.pictures, options.aligned)
    threshold = verifier.settings["threshold"]
    print("\n".join([*notes, f"{comparison.decision(score, threshold)}: score {score:.4f}, {_explained(threshold)}"]))


def find(options):
    """Ranks the pictures of a folder by how alike they are to a photograph."""
    from siamese_lib import comparison
    from siamese_lib.inspection import as_table

    if options.top is not None and options.top < 1:
        raise ValueError(f"--top takes a whole number from 1 on. Received: {options.top}")
    verifier = _verifier(options)
    ranking = comparison.rank_folder(verifier, options.probe, options.folder, options.aligned)
    for line in (*ranking.notes, *(f"skipped: {sentence}" for sentence in ranking.skipped)):
        print(line)
    print(as_table(ranking.rows[: options.top]).to_string(index=False, formatters={"score": "{:.4f}".format}))
    print(_explained(verifier.settings["threshold"]))


def sweep(options):
    """Runs every point of a sweep that is not done yet and prints the table."""
    from siamese_lib.sweeps import Sweep, run_sweep
    from siamese_lib.training import train as train_run

    table = run_sweep(
        Sweep.from_yaml(environment.project_path(options.file)),
        lambda config: train_run(config, options.data_root, options.runs, verbose=0),
        options.runs,
    )
    print(table.to_string(index=False))


def report(options):
    """Executes the notebooks and says where to look."""
    from siamese_lib.report import build_report

    page = build_report(options.experiment, options.data_root or "", options.runs, options.output or "", _overrides(options.set))
    print(f"The report is ready: open {page}")


def leaderboard(options):
    """Writes the tables of results from the runs' folders into JSON files, README.md and the models' card."""
    from siamese_lib.ablation import write_tables
    from siamese_lib.leaderboard import as_markdown, update

    root = environment.project_root()
    rows = update(options.results, root / "README.md", root / "models" / "README.md")  # before it, a wrong folder would be made
    write_tables(root / "experiments" / "sweeps", options.results)
    print(as_markdown(rows))


def alignment(options):
    """Measures what the alignment of a face does to its score and writes alignment.json."""
    from siamese_lib.alignment import measure

    config = ExperimentConfig.from_yaml(environment.project_path(options.config))
    measured = measure(_verifier(options), load_dataset(config.dataset, options.data_root), config)
    path = Path(options.results) / "alignment.json"
    write_json(path, measured | {"versions": environment.versions()})
    print(f"Written: {path}")


def _config(options):
    seed = {} if options.seed is None else {"seed": options.seed}
    return ExperimentConfig.from_yaml(environment.project_path(options.config), _overrides(options.set) | seed)


def _overrides(items):
    overrides = {}
    for item in items:
        key, separator, value = item.partition("=")
        if not separator or not key.isidentifier():
            raise ValueError(f"--set takes KEY=VALUE, for example --set num_epochs=3. Received: {item!r}")
        try:
            overrides[key] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise ValueError(f"--set takes KEY=VALUE with a plain value. Received: {item!r}") from error
    return overrides


def _verifier(options):
    from siamese_lib.scoring import Verifier

    return Verifier.load(Path(options.run) / "model.keras" if options.run else options.model)


def _explained(threshold):
    return f"threshold {threshold:.4f} (a larger score is more alike)"


def _listed(items):
    return f"{len(items)}" + (f": {', '.join(map(str, items))}" if items else "")


def _print_metrics(run):
    from siamese_lib.inspection import as_table

    columns = ("accuracy", "accuracy_interval", "accuracy_at_half", "auc", "eer", "tar_at_far_1pct", "loss", "num_pairs")
    metrics = run.metrics
    rows = [{"split": split} | {key: metrics[split][key] for key in columns} for split in ("train", "validation", "test")]
    for row in rows:
        row["accuracy_interval"] = "{:.4f} to {:.4f}".format(*row["accuracy_interval"])
    print(f"{run.directory}: threshold {metrics['threshold']:.4f}, trained in {metrics['seconds']['train']:.0f} s")
    print(as_table(rows).to_string(index=False))


def _parser():
    parser = argparse.ArgumentParser(prog="python -m siamese_lib", description="One-shot face verification with Siamese networks.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(function):
        command = commands.add_parser(function.__name__, help=function.__doc__, description=function.__doc__)
        command.set_defaults(command=function)
        return command

    for function in (prepare, summary, train):
        command = add(function)
        place = command.add_mutually_exclusive_group() if function is prepare else command
        place.add_argument("--config", **({} if function is prepare else {"required": True}), help="an experiment's YAML file")
        command.add_argument("--seed", type=int, help="replaces the experiment's seed")
        command.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="replaces one value of the experiment")
        if function is prepare:
            place.add_argument("--dataset", choices=CHOICES["dataset"], help="checks every picture; the default is the sample")
        if function is summary:
            command.add_argument("--json", action="store_true", help="prints JSON")
        else:
            command.add_argument("--data-root", help="folder or archive of LFW-a")
        if function is train:
            command.add_argument("--runs", default="runs", help="where run folders are made")
    command = add(evaluate)
    source = command.add_mutually_exclusive_group(required=True)
    source.add_argument("--run", help="folder of a finished run")
    source.add_argument("--model", help="a .keras file with its .json beside it")
    command.add_argument("--pairs", help="a pair list in LFW's format")
    command.add_argument("--data-root", help="folder or archive of the pictures")
    command.add_argument("--json", help="also writes the numbers to this file")
    _add_photograph_commands(add)
    command = add(sweep)
    command.add_argument("file", help="a sweep's YAML file")
    command.add_argument("--data-root", help="folder or archive of LFW-a")
    command.add_argument("--runs", default="runs", help="where run folders are made")
    command = add(report)
    command.add_argument("--experiment", default="experiments/sample.yaml", help="an experiment's YAML file")
    command.add_argument("--data-root", help="folder or archive of LFW-a")
    command.add_argument("--runs", default="runs", help="where run folders are made")
    command.add_argument("--output", help="the report's folder")
    command.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="replaces a parameter of the notebooks")
    add(leaderboard).add_argument("--results", default=str(RESULTS), help="the folder of the runs")
    return parser


def _add_photograph_commands(add):
    model = environment.project_root() / "models" / "lfwa_people.keras"
    for function in (verify, find, alignment):
        command = add(function)
        if function is verify:
            command.add_argument("pictures", nargs=2, metavar="PICTURE", help="two photographs; their faces are found and aligned")
        if function is find:
            command.add_argument("probe", metavar="PICTURE", help="a photograph; its face is found and aligned")
            command.add_argument("folder", metavar="FOLDER", help="a folder of photographs")
            command.add_argument("--top", type=int, help="prints only so many, the most alike")
        source = command.add_mutually_exclusive_group()
        source.add_argument("--run", help="folder of a finished run")
        source.add_argument("--model", default=model, help="a .keras file with its .json beside it; by default the project's best network")
        if function is alignment:
            command.add_argument("--config", default="experiments/lfwa_people.yaml", help="the experiment that the network comes from")
            command.add_argument("--data-root", help="folder or archive of LFW-a")
            command.add_argument("--results", default=str(RESULTS), help="where alignment.json is written")
        else:
            command.add_argument(
                "--aligned", action="store_true", help="the pictures are aligned like the training data; nothing is sought"
            )


if __name__ == "__main__":
    sys.exit(main())
