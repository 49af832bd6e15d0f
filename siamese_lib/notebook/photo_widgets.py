"""The user's own photos in a notebook: two upload buttons, Colab's webcam, and a static view.

The code uses only what ipywidgets 7.7 (Colab) and 8 share. Photos are sent to the notebook's own
kernel and to no other place; on Colab that kernel is Google's machine.
"""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ipywidgets
from IPython.display import display
from matplotlib.figure import Figure

from siamese_lib.inference.comparison import score_faces
from siamese_lib.inference.photos import find_face
from siamese_lib.inference.verifier import Verifier
from siamese_lib.plots import galleries
from siamese_lib.utils import machine

WEBCAM_SCRIPT = Path(__file__).parent / "templates" / "webcam.js"


def photo_comparer(verifier: Verifier, taken: bytes | None = None) -> ipywidgets.Widget:
    """Upload buttons for two photos, and below them both faces and their score.

    Args:
        verifier: a `Verifier` for LFW-a's frame.
        taken: the first photo, as `webcam_photo` returns it, in place of the first upload.

    Returns:
        A widget; display it.
    """
    names = ("Second photo",) if taken else ("First photo", "Second photo")
    buttons = [
        ipywidgets.FileUpload(
            accept="image/*",
            multiple=False,
            description=name,
            layout=ipywidgets.Layout(width="auto"),
        )
        for name in names
    ]
    output = ipywidgets.Output()

    def draw(_=None):
        photos = [("webcam", taken)] if taken else []
        photos += [photo for photo in (uploaded(button.value) for button in buttons) if photo]
        with output:
            output.clear_output(wait=True)
            if len(photos) < 2:
                print(f"{len(photos)} of 2 photos are here.")
                return
            try:
                display(compared_photos(verifier, photos))
            except ValueError as error:  # its message is one sentence for the user
                print(error)

    for button in buttons:
        button.observe(draw, names="value")
    draw()
    return ipywidgets.VBox([ipywidgets.HBox(buttons), output])


def compared_photos(verifier: Verifier, photos: Sequence[tuple[str, bytes]]) -> Figure:
    """The static view of `photo_comparer`: both faces, found and aligned, and their score.

    Args:
        verifier: a `Verifier` for LFW-a's frame.
        photos: two of `(name, content)`, the content of an image file as bytes.

    Raises:
        ValueError: if a photo cannot be read or shows no face.
    """
    faces = [find_face(content, name) for name, content in photos]
    captions = [
        f"{face.name}\nlargest of {face.num_faces} faces" if face.num_faces > 1 else face.name
        for face in faces
    ]
    return galleries.compared_faces(
        [face.image for face in faces],
        captions,
        score_faces(verifier, faces),
        verifier.settings["threshold"],
    )


def uploaded(value: Any) -> tuple[str, bytes] | None:
    """The newest file in the value of a `FileUpload`, as `(name, content)`, or None.

    In ipywidgets 7 the value is a dict by file name; in 8 it is a tuple of dicts with the file's
    name and a memory view.
    """
    files = (
        [{"name": name, **file} for name, file in value.items()]
        if isinstance(value, dict)
        else list(value)
    )
    return (files[-1]["name"], bytes(files[-1]["content"])) if files else None


def webcam_photo() -> bytes:
    """Takes a photo with the webcam, on Colab only: its page can be asked for the camera.

    Returns:
        The bytes of a JPEG file.

    Raises:
        ValueError: if this is not Colab, or if there is no camera or no permission.
    """
    if not machine.in_colab():
        raise ValueError(
            "The webcam can be used on Colab alone; upload a photo instead. Received: no Colab"
        )
    from google.colab import output

    try:
        address = output.eval_js(WEBCAM_SCRIPT.read_text(encoding="utf-8"))
        return base64.b64decode(address.partition(",")[2], validate=True)
    except Exception as error:  # Colab reports denied permission by a class of its own
        raise ValueError(
            f"The webcam gave no photo; allow the page to use it, or upload one. Received: {error}"
        ) from error
