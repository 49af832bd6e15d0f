"""The server of the page: on loopback, for its own page alone, with a folder for the pictures."""

import atexit
import functools
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import psutil

from siamese_lib.app.answers import rates_of
from siamese_lib.app.page import build
from siamese_lib.data.photos import mtcnn_detector
from siamese_lib.inference.comparison import check_frame
from siamese_lib.inference.scorer import load_verifier
from siamese_lib.utils.machine import in_colab, published_model

MAX_UPLOAD = "20mb"  # of one file
FOLDER = "siamese-app-"  # of the pictures; the number of the process follows
OWN_NAMES = {b"127.0.0.1", b"localhost", b""}  # without an Origin: no page of another site asks


def start(model: Path | str | None = None, port: int | None = None) -> Any:
    """Starts the page; in a notebook it appears below the cell, on Colab too.

    Args:
        model: a file `NAME.keras` or an exported folder; by default `models/lfwa_people.keras`.
        port: on this machine; by default the first free one from 7860 on.

    Returns:
        The running `gradio.Blocks`: `local_url` is its address, `close()` stops it.

    Raises:
        FileNotFoundError, ValueError: if the model cannot be used for photos, or Gradio is missing.
    """
    verifier = load_verifier(model or published_model())
    check_frame(verifier, aligned=False)
    verifier.detector or mtcnn_detector()  # an error now, not at the first photo
    page = build(_gradio(), verifier, rates_of(verifier), Path(_picture_folder()))
    from starlette.middleware import Middleware  # Gradio brings it

    # Colab's page reaches the server through a proxy with a name of its own.
    own = [] if in_colab() else [Middleware(OwnPageOnly)]
    try:
        page.launch(
            server_name="127.0.0.1",
            server_port=port,
            share=False,  # in hosted notebooks Gradio's default is a public link
            max_file_size=MAX_UPLOAD,
            prevent_thread_lock=True,
            quiet=True,
            footer_links=[],
            ssr_mode=False,
            app_kwargs={"middleware": own},
        )
    except OSError as error:
        raise ValueError(
            f"The port is in use; give another one, or none. Received: {port or error}"
        ) from error
    return page


class OwnPageOnly:
    """Refuses requests that other pages in the browser send to this server (ASGI middleware).

    The names of the server and of the page that asks must be those of this machine: otherwise any
    page could upload files here, and one whose name is made to point here could read the answers.
    """

    def __init__(self, app: Any):
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers 403 in place of the application."""
        headers = dict(scope.get("headers", ()))
        hosts = [headers.get(b"host", b""), headers.get(b"origin", b"").rpartition(b"//")[2]]
        names = {host.rpartition(b":")[0] or host for host in hosts}
        if scope["type"] == "lifespan" or names <= OWN_NAMES:
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await send({"type": "http.response.start", "status": 403, "headers": []})
            await send({"type": "http.response.body", "body": b"This page is not for others."})
        else:
            await send({"type": "websocket.close", "code": 1008})


def _gradio() -> Any:
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_TEMP_DIR"] = _picture_folder()
    try:
        import gradio
    except ImportError as error:
        raise ValueError(
            "The page needs Gradio: pip install 'siamese_lib[app]', or pip install -e '.[app]' in "
            f"the project's folder. Received: {error}"
        ) from error
    return gradio


@functools.cache
def _picture_folder() -> str:
    """The folder of every picture; it is removed when this process ends.

    Gradio's own folder, which all its programs share, is emptied by nobody.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):  # by processes that were killed
        number = re.fullmatch(rf"{FOLDER}(\d+)-\w+", left.name)
        if number and not left.is_symlink() and not psutil.pid_exists(int(number[1])):
            shutil.rmtree(left, ignore_errors=True)  # that of another user stays
    folder = tempfile.mkdtemp(prefix=f"{FOLDER}{os.getpid()}-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
