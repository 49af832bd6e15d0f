"""What of an executed notebook may be published: no faces of LFW, no paths of this machine."""

import base64
import io
from collections.abc import Collection
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.preprocessors import CoalesceStreamsPreprocessor
from PIL import Image

from siamese_lib.utils.machine import project_root

JPEG_QUALITY = 55  # of published pictures; the longest notebook then stays under two megabytes
HIDDEN_FACES = (
    "Figures with faces of LFW, which may not be published, are left out here and below; run the "
    "notebook to see them."
)
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def strip_private(notebook: Any, faces_may_be_shown: bool, private: Collection[str]) -> None:
    """Removes from an executed notebook, in place, what must not or need not be published.

    Removed are the outputs of cells tagged `faces` if faces may not be shown (a note stands in the
    place of the first), widget states (of no use without a kernel), and papermill's notes. Paths of
    this machine are shortened, pictures become JPEG where that is smaller, and texts that follow
    each other on one stream become one.

    Args:
        notebook: a notebook of nbformat.
        faces_may_be_shown: whether images of the dataset's faces may be published.
        private: paths to be shortened; empty ones are ignored.
    """
    for part in (notebook, *notebook.cells):
        for key in ("widgets", "papermill", "execution"):
            part.metadata.pop(key, None)
    note = [nbformat.v4.new_output("stream", name="stdout", text=HIDDEN_FACES + "\n")]
    for cell in (cell for cell in notebook.cells if cell.cell_type == "code"):
        # A cell without outputs has drawn nothing: a notebook may leave a figure out.
        tagged = "faces" in cell.metadata.get("tags", [])
        if tagged and cell.outputs and not faces_may_be_shown:
            cell.outputs, note = note, []
        cell.outputs = [out for out in cell.outputs if WIDGET_VIEW not in out.get("data", {})]
        CoalesceStreamsPreprocessor().preprocess_cell(cell, {}, 0)
        for output in cell.outputs:
            _make_smaller(output)
        cell.source = _without_paths(cell.source, private)
        cell.outputs = nbformat.from_dict(_without_paths(cell.outputs, private))


def _make_smaller(output: Any) -> None:
    """Stores a picture of an output as JPEG where that is smaller: galleries of faces."""
    encoded = output.get("data", {}).get("image/png")
    if not encoded:
        return
    content = base64.b64decode(encoded)
    with Image.open(io.BytesIO(content)) as image:
        as_jpeg = jpeg_of(image)
    if len(as_jpeg) < len(content):
        del output.data["image/png"]
        output.data["image/jpeg"] = base64.b64encode(as_jpeg).decode("ascii")
        if words := output.metadata.pop("image/png", None):
            output.metadata["image/jpeg"] = words


def jpeg_of(image: Image.Image) -> bytes:
    """A picture as JPEG on a white ground."""
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A") if image.mode == "RGBA" else None)
    content = io.BytesIO()
    ground.save(content, "jpeg", quality=JPEG_QUALITY, optimize=True, progressive=True)
    return content.getvalue()


def _without_paths(content, private):
    """A text, or all texts in a list or dict, with each path relative to the project, or its name.

    A path outside the project is cut to its last part.
    """
    if isinstance(content, dict):
        return {key: _without_paths(value, private) for key, value in content.items()}
    if isinstance(content, list):
        return [_without_paths(value, private) for value in content]
    if not isinstance(content, str):
        return content
    root = project_root()
    for path in map(Path, sorted(filter(None, private), key=len, reverse=True)):
        shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
        content = content.replace(f"{path}/", "" if shown == "." else f"{shown}/")
        content = content.replace(str(path), shown)
    return content
