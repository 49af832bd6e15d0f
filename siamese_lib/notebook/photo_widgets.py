"""Widgets for single photos: how augmentation changes a face, and the user's own photos compared.

As in `widgets`, each has a static view. The user's photos are sent to the notebook's own
kernel and to no other place; on Colab that kernel is Google's machine.
"""

import base64
import dataclasses
import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np
from IPython.display import display
from matplotlib.figure import Figure

from siamese_lib.config import ExperimentConfig, bounds
from siamese_lib.data.face_dataset import FaceFiles
from siamese_lib.data.images import crop_box, cropped_and_resized, whole_image
from siamese_lib.data.pairs import Face
from siamese_lib.data.photos import find_face
from siamese_lib.inference.comparison import score_faces
from siamese_lib.inference.verifier import Verifier
from siamese_lib.notebook.widgets import image_widget, with_controls
from siamese_lib.plots import galleries, tiles
from siamese_lib.utils import machine

NUM_COPIES = 8  # augmented copies of a face
AUGMENTATIONS = (
    "rotation_degrees",
    "scale_range",
    "translation_fraction",
    "contrast_range",
    "brightness_range",
    "erasing_probability",
)
WEBCAM_SCRIPT = Path(__file__).parent / "templates" / "webcam.js"


def augmentation_preview(
    dataset: FaceFiles, face: Face, config: ExperimentConfig
) -> ipywidgets.Widget:
    """Sliders for crop and augmentation above a face as the network sees it in training.

    Args:
        dataset: the `FaceFiles` or `FaceDataset` that holds the face.
        face: a `Face`.
        config: the `ExperimentConfig` with the sliders' first values.

    Returns:
        A widget; display it.
    """
    original = whole_image(dataset, face, config.crop)
    width, height = original.size
    top, bottom, left, right = np.clip(
        crop_box(original, config.crop), 0, [height, height, width, width]
    ).tolist()
    rows = ipywidgets.IntRangeSlider(value=(top, bottom), min=0, max=height, description="Rows")
    columns = ipywidgets.IntRangeSlider(
        value=(left, right), min=0, max=width, description="Columns"
    )
    flip = ipywidgets.Checkbox(value=config.flip, description="Mirror half")
    ranges = {field: _range_slider(field, config) for field in AUGMENTATIONS}
    words, image = ipywidgets.HTML(), image_widget()

    def draw(_=None):
        values = {field: slider.value for field, slider in ranges.items()}
        crop = (*rows.value, *columns.value)
        try:
            changed = dataclasses.replace(config, crop=crop, flip=flip.value, **values)
            image.value = tiles.png(_augmentation_sheet(original, changed)[0])
        except ValueError as error:  # a crop without rows or columns
            words.value = html.escape(str(error))
        else:
            shown = ", ".join(f"{field}: {value:.3g}" for field, value in values.items())
            words.value = f"crop: {list(crop)}, {shown}"

    return with_controls(draw, [rows, columns, flip, *ranges.values()], words, image)


def _range_slider(field, config):
    low, high = bounds(field)
    return ipywidgets.FloatSlider(
        value=getattr(config, field),
        min=low,
        max=high,
        step=(high - low) / 180,
        description=field.split("_")[0].capitalize(),
    )


def augmentation_view(dataset: FaceFiles, face: Face, config: ExperimentConfig) -> Figure:
    """The static view of `augmentation_preview`: a face, its crop, and augmented copies of it."""
    title = f"Crop and augmentation of {config.experiment}"
    image, captions = _augmentation_sheet(whole_image(dataset, face, config.crop), config)
    return tiles.sheet_figure(image, captions, title)


def _augmentation_sheet(whole, config):
    from siamese_lib.training.pipeline import augmented_copies

    seen = cropped_and_resized(whole, config.crop, config.image_size, config.experiment)
    captions = [
        "the image and its crop",
        "seen by the network",
        *(f"in training, {number}" for number in range(1, NUM_COPIES + 1)),
    ]
    images = [
        tiles.outlined(np.asarray(whole), config.crop),
        seen,
        *augmented_copies(seen[:, :, np.newaxis], config, NUM_COPIES),
    ]
    return tiles.sheet(images, captions, [False] * len(images), columns=5), captions


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
