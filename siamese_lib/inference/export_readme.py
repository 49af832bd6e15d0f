"""The README in the folder of an exported network, and the program that works there."""

from typing import Any

from siamese_lib.config import BOUNDING_BOX, LETTERBOX
from siamese_lib.data.face_dataset import Box
from siamese_lib.data.images import INK_MARGIN, INK_THRESHOLD, MIN_INK_SHARE
from siamese_lib.inference.runtimes import PACKAGES

TEXT = """# {experiment} for {package}

Decides whether two images show the same {what}. Exported from `{experiment}`, trained on
{dataset}, in float32. Its scores differ from those of TensorFlow by at most {difference:.1e}.

- `encoder`: images `(batch, {height}, {width}, 1)`, grey values 0 to 255 as float32, to
  embeddings.{parts}
- `head`: left and right embeddings, as many of each, to scores; larger is more alike.
- `verifier.json`: crop, size, threshold, where the network comes from.{detector}

In this folder, for two {images}:

    pip install numpy pillow {package}
    python verify.py LEFT RIGHT

`verify.py` is this program:

```python
{code}```
"""
PROGRAM = """import json, sys
{imports}
import numpy as np
from PIL import Image, ImageOps

settings = json.load(open("verifier.json"))["settings"]
height, width = settings["image_size"]

def read(path):
    image = ImageOps.exif_transpose(Image.open(path)).convert("L")
{crop}
    return np.asarray(image.resize((width, height)), np.float32)[None, :, :, None]

{run}
left, right = (run("encoder", images=read(path)) for path in sys.argv[1:3])
score = run("head", left_embedding=left, right_embedding=right)[0, 0]
same = score >= settings["threshold"]
print(f"{{'same' if same else 'different'}}: score {{score:.4f}}")
"""
RUN = {
    "onnx": (
        'import os\nos.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before the import\n'
        "import onnxruntime",
        """def run(name, **inputs):
    return onnxruntime.InferenceSession(f"{name}.onnx").run(None, inputs)[0]
""",
    ),
    "openvino": (
        "import openvino",
        """def run(name, **inputs):  # without the hint, some processors compute in bfloat16
    hint = {"INFERENCE_PRECISION_HINT": "f32"}
    return openvino.Core().compile_model(f"{name}.xml", "CPU", hint)(inputs)[0]
""",
    ),
    "litert": (
        "from ai_edge_litert.interpreter import Interpreter",
        """def run(name, **inputs):  # inputs by name: the file lists them in another order
    network = Interpreter(f"{name}.tflite")
    return next(iter(network.get_signature_runner()(**inputs).values()))
""",
    ),
}


def program(settings: dict[str, Any], frame: Box | None, runtime: str) -> str:
    """The program that compares two images.

    Args:
        settings: of the network.
        frame: the whole image for which its crop is meant, if it is known.
        runtime: a key of `PACKAGES`.
    """
    imports, run = RUN[runtime]
    crop = _crop_lines(settings["crop"], frame)
    return PROGRAM.format(imports=imports, crop=crop, run=run)


def readme(
    settings: dict[str, Any],
    runtime: str,
    code: str,
    difference: float,
    symmetries: int,
    has_detector: bool,
) -> str:
    """The text of the README.

    Args:
        settings, runtime: as in `program`.
        code: what `program` returned.
        difference: the largest one of a score from TensorFlow's.
        symmetries: how many rotated and mirrored copies of an image are compared.
        has_detector: whether the networks that find faces are in the folder.
    """
    height, width = settings["image_size"]
    drawings = settings["crop"] == BOUNDING_BOX
    parts = [
        *(["its mirror image"] if settings["test_time_flip"] else []),
        *([f"its {symmetries} rotated and mirrored copies"] if symmetries > 1 else []),
    ]
    return TEXT.format(
        experiment=settings.get("experiment", "A network"),
        what="character" if drawings else "person",
        dataset=settings.get("dataset", "its own data"),
        package=PACKAGES[runtime],
        difference=difference,
        height=height,
        width=width,
        parts=f" An image is embedded together with {' and '.join(parts)}." if parts else "",
        detector=_DETECTOR if has_detector else "",
        images="drawings" if drawings else "images that are aligned like the training data",
        code=code,
    )


_DETECTOR = """
- `proposal`, `refinement`, `output`: MTCNN's networks (package mtcnn, MIT licence), with which
  `python -m siamese_lib verify --model FOLDER` finds faces in photos."""


def _crop_lines(crop: list[int] | str | None, frame: Box | None) -> str:
    """The lines of the program that cut the network's part out of an image."""
    if crop is None:
        return "    # the whole image"
    if crop == BOUNDING_BOX:
        return f"""    box = image.point(lambda grey: 255 * (grey < {INK_THRESHOLD})).getbbox()
    left, top, right, bottom = box or sys.exit(f"{{path}} is empty")
    longer = max(bottom - top, right - left)
    side = round(max({INK_MARGIN} * longer, {MIN_INK_SHARE} * max(image.size)))  # around the ink
    left, top = (left + right - side) // 2, (top + bottom - side) // 2
    paper = Image.new("L", (side, side), 255)
    paper.paste(image, (-left, -top))
    image = paper"""
    if crop == LETTERBOX:
        return """    grey = np.asarray(image)
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]]).mean()
    image = ImageOps.pad(image, (width, height), color=round(float(border)))"""
    lines = []
    if frame:
        wide, high = frame[3] - frame[2], frame[1] - frame[0]
        lines += [
            f"    if abs(image.width * {high} - image.height * {wide}) > {max(wide, high)}:",
            '        sys.exit(f"{path} has another shape than the training images")',
            f"    image = image.resize(({wide}, {high}))  # the crop is in its pixels",
        ]
    lines.append('    top, bottom, left, right = settings["crop"]')
    lines.append("    image = image.crop((left, top, right, bottom))")
    return "\n".join(lines)
