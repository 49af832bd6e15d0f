"""Commands for a user's own pictures."""

import dataclasses
from pathlib import Path

import siamese_lib as sl
from siamese_lib.commands import argument, command, path_of
from siamese_lib.commands.scoring import ALIGNED, MODEL, new_folder_of
from siamese_lib.utils.text import as_table

MEASURES = ("accuracy", "auc", "true_accept_rate", "false_accept_rate")


@command(
    argument(
        "folder",
        action=path_of("file or folder", "folder or archive"),
        metavar="FOLDER",
        help="folder or archive with a subfolder for each person",
    ),
    MODEL,
    argument("--far", type=float, help="the false accept rate that is asked for, as 0.01"),
    argument(
        "--output",
        action=path_of("new file or folder"),
        required=True,
        help="the model with the new threshold: NAME.keras, or a folder if --model is one",
    ),
    ALIGNED,
)
def calibrate(options):
    """Chooses a model's threshold on your own people's pictures, and measures it on others."""
    _check_output(options.model, options.output)
    if options.far is not None and not 0 < options.far < 1:
        raise ValueError(f"--far takes a rate between 0 and 1. Received: {options.far}")
    verifier = sl.inference.load_verifier(options.model)
    sl.inference.check_frame(verifier, options.aligned)
    align = not options.aligned
    detector = verifier.detector if align else None
    pictures = sl.data.locate_pictures(options.folder, align, detector=detector)
    for sentence in (*pictures.notes, *pictures.skipped.values()):
        print(sentence)
    if options.aligned:
        pictures = dataclasses.replace(pictures, frame=verifier.frame)
    calibration = sl.inference.calibrate(verifier, pictures, options.far)
    rows = [{"": name, **_row(measured)} for name, measured in calibration.rows.items()]
    print(as_table(rows).to_string(index=False))
    people = {face.person for face in pictures.files}
    calibrated = sl.inference.calibrated_verifier(verifier, calibration, sorted(people))
    calibrated.save(options.output)
    print(f"{options.output}: {calibrated.threshold_note}")


def _check_output(model, output):
    if Path(model).is_dir():
        folder = new_folder_of(model, output)
        if folder.suffix == ".keras":
            raise ValueError(
                f"--output takes a folder where --model is one, not a file. Received: {output}"
            )
    elif Path(output).suffix != ".keras" or Path(output).is_dir():
        raise ValueError(f"--output takes a file NAME.keras. Received: {output}")


def _row(measured):
    cells = {"threshold": f"{measured['threshold']:.4f}"}
    for name in MEASURES:
        low, high = measured[f"{name}_interval"]
        cells[name] = f"{measured[name]:.3f} ({low:.3f} to {high:.3f})"
    return cells
