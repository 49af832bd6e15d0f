"""Commands that take a trained network out of the notebook."""

import signal
import sys
from pathlib import Path

import siamese_lib as sl
from siamese_lib.commands import argument, command, path_of
from siamese_lib.commands.scoring import MODEL as SCORER, new_folder_of
from siamese_lib.utils import machine

RUNTIMES = ("onnx", "openvino", "litert")
MODEL = argument(
    "--model",
    action=path_of("file", "model file"),
    default=machine.published_model(),
    help="a .keras file with its .json beside it; the default is the project's best single network",
)


@command(
    MODEL,
    argument("--format", choices=RUNTIMES, required=True, help="of which runtime"),
    argument(
        "--output",
        action=path_of("new folder"),
        required=True,
        help="a new folder, or that of an earlier export, which is replaced",
    ),
)
def export(options):
    """Writes a network for ONNX Runtime, OpenVINO or LiteRT, and compares the scores."""
    new_folder_of(options.model, options.output)
    written = sl.inference.export(options.model, options.format, options.output)
    megabytes = sum(path.stat().st_size for path in Path(options.output).iterdir()) / 1e6
    print(
        f"{options.output}: {megabytes:.1f} MB for {options.format}; on pairs of sample faces the "
        f"scores differ from those of TensorFlow by at most {written['largest_difference']:.1e}"
    )


@command(
    SCORER,
    argument("--port", type=int, help="on this machine; by default the first free one from 7860"),
)
def app(options):
    """Opens a page in the browser that compares photos and searches a gallery; on this machine."""
    if options.port is not None and not 0 < options.port < 65536:
        raise ValueError(f"--port takes a number from 1 to 65535. Received: {options.port}")
    from siamese_lib.app import start  # with Gradio

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # then too the pictures are removed
    page = start(options.model, options.port)
    print(f"{page.local_url} (Ctrl-C ends it, and removes the pictures)", flush=True)
    page.block_thread()
