"""Commands that score images with a trained network."""

import dataclasses
from pathlib import Path

import siamese_lib as sl
from siamese_lib.commands import argument, command, one_of, path_of
from siamese_lib.commands.experiments import print_metrics
from siamese_lib.utils import machine
from siamese_lib.utils.files import check_replaceable, write_json
from siamese_lib.utils.text import as_table

JSON = argument("--json", action=path_of("new file"), help="also writes the numbers to this file")
RUN = argument("--run", action=path_of("folder", "run"), help="folder of a finished run")
MODEL_PATH = path_of("file or folder", "model file or folder")
MODEL_HELP = "a .keras file with its .json beside it, or a folder that export wrote"
MODEL = argument(
    "--model",
    action=MODEL_PATH,
    default=machine.published_model(),
    help=f"{MODEL_HELP}; the default is the project's best single network",
)
NETWORK = one_of(RUN, MODEL)
ALIGNED = argument(
    "--aligned", action="store_true", help="the images are aligned like the training data"
)


@command(
    one_of(
        RUN,
        argument("--model", action=MODEL_PATH, help=MODEL_HELP),
        required=True,
    ),
    argument("--pairs", action=path_of("file", "pair list"), help="a pair list in LFW's format"),
    argument(
        "--data-root",
        action=path_of("file or folder", "folder or archive"),
        help="folder or archive of the images",
    ),
    JSON,
)
def evaluate(options):
    """Prints the metrics of a finished run, or scores a pair list with a model file."""
    from siamese_lib.evaluation.metrics import verification_metrics

    if options.run and (options.pairs or options.data_root):
        raise ValueError(
            "evaluate --run reads the run's own scores; --pairs and --data-root go with --model. "
            "Received: both"
        )
    if options.model and not (options.pairs and options.data_root):
        raise ValueError(
            "evaluate takes --run DIR, or --model MODEL with --pairs FILE and "
            f"--data-root ROOT. Received: --model {options.model} without --"
            f"{'data-root' if options.pairs else 'pairs'}"
        )
    if options.run:
        run = sl.Run.existing(options.run)
        print_metrics(run)
        metrics, threshold = run.metrics["test"], run.metrics["threshold"]
    else:
        pairs, faces = sl.data.read_pairs(options.pairs), sl.data.locate_faces(options.data_root)
        verifier = sl.inference.load_verifier(options.model)
        faces = dataclasses.replace(faces, frame=verifier.frame)
        threshold = verifier.settings["threshold"]
        cache = sl.data.open_cache(faces, verifier.crop, verifier.image_size, pairs.faces)
        scores = verifier.score_pairs(cache, pairs)
        metrics = verification_metrics(pairs, scores, threshold)
        metrics |= _without_known_people(verifier, pairs, scores)
    keys = ("accuracy", "auc", "eer", "threshold", "num_pairs")
    written = ("num_known_pairs", "accuracy_on_others") if "num_known_pairs" in metrics else ()
    _print_and_write(metrics | {"threshold": threshold}, keys, options.json, written)


def _without_known_people(verifier, pairs, scores):
    """How many pairs show people of the training, and the accuracy on the others; prints it too."""
    import numpy as np

    known = verifier.known_people(pairs)
    if not known:
        print(
            "The .json of this model does not name the people whom it was trained on. If the list "
            "holds some of them, the accuracy is too high."
        )
        return {}
    of_training, others = known["train"], known["validation"] & ~known["train"]
    rest = np.flatnonzero(~(of_training | others))
    correct = (scores >= verifier.settings["threshold"]) == np.array(pairs.labels)
    accuracy = float(correct[rest].mean()) if len(rest) else None
    if len(rest) < len(pairs):
        on_others = "nothing to measure" if accuracy is None else f"accuracy {accuracy:.4f}"
        print(
            f"{of_training.sum():,} of {len(pairs):,} pairs show a person whom the network was "
            f"trained on, {others.sum():,} more a person who chose its epoch and threshold; on the "
            f"other {len(rest):,}: {on_others}"
        )
    return {"num_known_pairs": len(pairs) - len(rest), "accuracy_on_others": accuracy}


@command(
    argument(
        "--model",
        action=MODEL_PATH,
        required=True,
        help=MODEL_HELP,
    ),
    argument(
        "--trials",
        action=path_of("file or folder", "folder or archive"),
        required=True,
        help="folder or zip with run01/class_labels.txt, run01/training/, run01/test/ and so on",
    ),
    JSON,
)
def oneshot(options):
    """Prints a model's accuracy in one-shot trials in the layout of Lake's all_runs.zip."""
    import numpy as np

    from siamese_lib.data.images import size_note, sized_input
    from siamese_lib.evaluation.oneshot import pairs_of_trial_sets, trial_accuracy
    from siamese_lib.evaluation.trials import images_of

    source, trial_sets = sl.data.read_trials(options.trials)
    verifier = sl.inference.load_verifier(options.model)
    names, crop, frame = images_of(trial_sets), verifier.crop, verifier.frame
    images, other_size = zip(
        *(sized_input(source.read(name), crop, verifier.image_size, name, frame) for name in names)
    )
    if note := size_note(sum(other_size), len(names), crop, frame):
        print(note)
    embeddings = verifier.embed(np.stack(images)[..., np.newaxis])
    trials = verifier.answer_trials(trial_sets, names, embeddings)
    result = trial_accuracy(trials, pairs_of_trial_sets(trials))
    _print_and_write(result, ("accuracy", "num_trial_sets", "num_trials"), options.json)


@command(
    argument(
        "images",
        action=path_of("file", "image"),
        nargs=2,
        metavar="IMAGE",
        help="two photos; their faces are found and aligned",
    ),
    NETWORK,
    ALIGNED,
)
def verify(options):
    """Decides whether two photos show the same person."""
    verifier = _verifier(options)
    from siamese_lib.inference.comparison import compare, decision

    score, notes = compare(verifier, options.images, options.aligned)
    threshold = verifier.settings["threshold"]
    print(
        *notes,
        f"{decision(score, threshold)}: score {score:.4f} (larger is more alike); "
        f"{verifier.threshold_note}",
        sep="\n",
    )


@command(
    argument(
        "probe",
        action=path_of("file", "image"),
        metavar="IMAGE",
        help="a photo; its face is found and aligned",
    ),
    argument(
        "folder", action=path_of("folder", "folder"), metavar="FOLDER", help="a folder of photos"
    ),
    argument("--top", type=int, help="prints only this many, the most alike"),
    NETWORK,
    ALIGNED,
)
def find(options):
    """Ranks the images of a folder by how alike they are to a photo."""
    if options.top is not None and options.top < 1:
        raise ValueError(f"--top takes a whole number from 1 on. Received: {options.top}")
    verifier = _verifier(options)
    ranking = sl.inference.rank_folder(verifier, options.probe, options.folder, options.aligned)
    for line in (*ranking.notes, *(f"skipped: {sentence}" for sentence in ranking.skipped)):
        print(line)
    rows = [row | {"score": f"{row['score']:.4f}"} for row in ranking.rows[: options.top]]
    print(as_table(rows).to_string(index=False))
    print(f"{verifier.threshold_note}; a larger score is more alike")


def _verifier(options):
    if options.run:
        run = sl.Run.existing(options.run)  # before TensorFlow is loaded
        return sl.Verifier.of_run(run)
    return sl.inference.load_verifier(options.model)


def new_folder_of(model, output):
    """The folder of --output, after a check that it may be written and lies outside the model's."""
    from siamese_lib.inference.portable import own_files

    if not output:
        raise ValueError("--output takes a new folder. Received: ''")
    folder = Path(output).resolve()
    if Path(model).resolve() in (folder, *folder.parents):
        raise ValueError(
            f"--output lies in the folder of the model; give another one. Received: {output}"
        )
    check_replaceable(folder, own_files)
    return folder


def _print_and_write(result, keys, path, written_only=()):
    """Prints these values of a result on one line and writes them to a JSON file, if any."""
    shown = {
        key: f"{result[key]:.4f}" if isinstance(result[key], float) else result[key] for key in keys
    }
    print("  ".join(f"{key} {value}" for key, value in shown.items()))
    if path:
        write_json(path, {key: result[key] for key in (*keys, *written_only)})
