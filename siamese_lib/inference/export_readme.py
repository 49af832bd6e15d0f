"""The README in the folder of an exported network, with a program that works there."""

from typing import Any

from siamese_lib.config import BOUNDING_BOX, LETTERBOX
from siamese_lib.data.face_dataset import Box
from siamese_lib.data.images import INK_MARGIN, INK_THRESHOLD, MIN_INK_SHARE
from siamese_lib.inference.runtimes import PACKAGES

TEXT = """# {title}

Decides whether two images show {what}. Exported from `{experiment}` (trained on {dataset}) for
{package}, in float32. The scores differ from those of TensorFlow by at most {difference:.1e}.

- `encoder`: images `(batch, {height}, {width}, 1)`, grey values 0 to 255 as float32, to
  embeddings.{parts}
- `head`: as many left as right embeddings to scores; larger is more alike.
- `verifier.json`: crop, size, threshold ({threshold:.4f}), where the network comes from.{detector}

`pip install numpy pillow {package}`, then `python verify.py LEFT RIGHT` in this folder with this
file `verify.py`, for two {images}:

```python
import json, sys
import numpy as np
{imports}
from PIL import Image, ImageOps

settings = json.load(open("verifier.json"))["settings"]
height, width = settings["image_size"]

def read(path):
    image = ImageOps.exif_transpose(Image.open(path)).convert("L")
{crop}
    return np.asarray(image.resize((width, height)), np.float32)[None, :, :, None]

{run}
same = score >= settings["threshold"]
print(f"{{'same' if same else 'different'}}: score {{score:.4f}}")
```
"""

RUN = {
    "onnx": (
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
    runner = Interpreter(f"{name}.tflite").get_signature_runner()
    return next(iter(runner(**inputs).values()))
""",
    ),
}
SCORE = """
left, right = (run("encoder", images=read(path)) for path in sys.argv[1:3])
score = run("head", left_embedding=left, right_embedding=right)[0, 0]"""


def readme(settings: dict[str, Any], frame: Box | None, runtime: str, **facts: Any) -> str:
    """The text of the README.

    Args:
        settings: of the network.
        frame: the whole image for which its crop is meant, if it is known.
        runtime: a key of `PACKAGES`.
        facts: difference, symmetries, has_detector.
    """
    imports, run = RUN[runtime]
    height, width = settings["image_size"]
    drawings = settings["crop"] == BOUNDING_BOX
    parts = [
        *(["Mirror image"] if settings["test_time_flip"] else []),
        *([f"{facts['symmetries']} symmetries"] if facts["symmetries"] > 1 else []),
    ]
    return TEXT.format(
        title=f"{settings.get('experiment', 'A network')} for {PACKAGES[runtime]}",
        what="the same character" if drawings else "the same person",
        experiment=settings.get("experiment", "a network"),
        dataset=settings.get("dataset", "its own data"),
        package=PACKAGES[runtime],
        difference=facts["difference"],
        height=height,
        width=width,
        threshold=settings["threshold"],
        parts=f" {' and '.join(parts)} of an image are part of it." if parts else "",
        detector=_DETECTOR if facts["has_detector"] else "",
        images="drawings" if drawings else "images that are aligned like the training data",
        imports=imports,
        crop=_crop_lines(settings["crop"], frame),
        run=run + SCORE,
    )


_DETECTOR = """
- `proposal`, `refinement`, `output`: MTCNN's networks (package mtcnn, MIT licence), with which
  `python -m siamese_lib verify --model FOLDER` finds faces in photos."""


def _crop_lines(crop: list[int] | str | None, frame: Box | None) -> str:
    """The lines of the program that cut the network's part out of an image."""
    if crop is None:
        return "    # the whole image"
    if crop == BOUNDING_BOX:
        return f"""    ink = image.point(lambda grey: 255 * (grey < {INK_THRESHOLD}))
    left, top, right, bottom = ink.getbbox()
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
        size = frame[3] - frame[2], frame[1] - frame[0]
        lines.append(f"    image = image.resize({size})  # the crop is in its pixels")
    lines.append('    top, bottom, left, right = settings["crop"]')
    lines.append("    image = image.crop((left, top, right, bottom))")
    return "\n".join(lines)
