"""Networks written for other runtimes than TensorFlow, each compared with the original at once."""

import contextlib
import io
import logging
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from siamese_lib.data.cache import open_cache
from siamese_lib.data.load import load_dataset
from siamese_lib.data.photos import mtcnn_stages
from siamese_lib.inference.export_readme import program, readme
from siamese_lib.inference.portable import (
    DESCRIPTION,
    DETECTOR_NETWORKS,
    FORMAT,
    PROGRAM,
    README,
    PortableVerifier,
    own_files,
)
from siamese_lib.inference.verifier import Verifier
from siamese_lib.models.layers import JoinSymmetries, StackSymmetries
from siamese_lib.utils.files import checksum, new_folder, write_json, write_text
from siamese_lib.utils.machine import versions
from siamese_lib.utils.tensorflow import keras

SUFFIXES = {"onnx": ".onnx", "openvino": ".xml", "litert": ".tflite"}
LARGEST_DIFFERENCE = 1e-4  # of a score, from that of TensorFlow in float32
NUM_IMAGES = 80  # of the sample, with which the exported network is tried


def export(model: Path | str, runtime: str, folder: Path | str) -> dict[str, Any]:
    """Writes a model file's network for another runtime.

    The folder holds the encoder and the head, in float32 and for any number of images;
    `verifier.json` with the settings; a README; and for ONNX the face detector, if the network
    takes photos and the package mtcnn is installed. Mirror images and symmetries are part of the
    exported encoder. The scores of pairs of sample faces are compared with those of TensorFlow.

    Args:
        model: `NAME.keras`.
        runtime: "onnx", "openvino" or "litert".
        folder: is written in one step; an earlier export there is replaced.

    Returns:
        The content of `verifier.json`.

    Raises:
        FileNotFoundError: if there is no such model.
        ValueError: if it cannot be exported, or a score differs by more than `LARGEST_DIFFERENCE`.
    """
    verifier = Verifier.load(model, "float32")
    if len(verifier.encoder.input_shape) == 2:
        raise ValueError(
            "Hand-crafted descriptors are not computed by the network, so it cannot be exported "
            f"alone; export a network of images. Received: {model}"
        )
    with new_folder(folder, own_files) as written:
        networks = {"encoder": exported_encoder(verifier), "head": verifier.head}
        if runtime == "onnx" and verifier.takes_photos:
            networks |= _detector_networks()
        names = {name: f"{name}{SUFFIXES[runtime]}" for name in networks}
        for name, network in networks.items():
            _write(network, written / names[name], runtime)
        description: dict[str, Any] = {
            "format": FORMAT,
            "runtime": runtime,
            "networks": names,
            "files": {path.name: checksum(path) for path in sorted(written.iterdir())},
            "inputs": {"encoder": ["images"], "head": ["left_embedding", "right_embedding"]},
            "settings": verifier.settings,
            "part_of_the_encoder": {
                "test_time_flip": verifier.settings["test_time_flip"],
                "symmetries": verifier.num_symmetries,
            },
            "versions": versions(),
        }
        write_json(written / DESCRIPTION, description)
        portable = PortableVerifier.load(written)
        difference = largest_difference(verifier, portable)
        if not difference <= LARGEST_DIFFERENCE:  # nor NaN
            raise ValueError(
                f"The exported network scores otherwise than the original, so it is not kept; try "
                f"another format. Received: a difference of {difference:.1e}"
            )
        description["largest_difference"] = difference
        write_json(written / DESCRIPTION, description)
        code = program(verifier.settings, verifier.frame, runtime)
        facts = {"symmetries": verifier.num_symmetries, "has_detector": len(networks) > 2}
        write_text(written / PROGRAM, code)
        write_text(written / README, readme(verifier.settings, runtime, code, difference, **facts))
    return description


def exported_encoder(verifier: Verifier) -> Any:
    """A `keras.Model` from images to what `Verifier.embed` returns, in one graph."""
    images = keras.Input((*verifier.image_size, 1), name="images")
    count, x = verifier.num_symmetries, images
    if count > 1:
        x = StackSymmetries(count, name="stack_symmetries")(x)
    if verifier.settings["test_time_flip"]:
        x = keras.ops.concatenate([x, keras.ops.flip(x, axis=2)], axis=0)
    x = verifier.folded_encoder(x, training=False)
    if verifier.settings["test_time_flip"]:
        x = keras.ops.add(*keras.ops.split(x, 2, axis=0)) / 2
    if count > 1:
        x = JoinSymmetries(count, name="join_symmetries")(x)
    return keras.Model(images, x, name="exported_encoder")


def _detector_networks() -> dict[str, Any]:
    """The three networks of mtcnn, or none without the package."""
    try:
        stages = mtcnn_stages()
    except ValueError:
        return {}
    sides: list[int | None] = [None, 24, 48]
    networks = {}
    for name, stage, side in zip(DETECTOR_NETWORKS, stages, sides):
        images = keras.Input((side, side, 3), name="images")
        networks[name] = keras.Model(images, stage.model(images), name=name)
    return networks


def _write(network: Any, path: Path, runtime: str) -> None:
    network(network.input)  # Keras exports no model that was never called
    try:
        with _quiet():
            network.export(str(path), format=runtime, verbose=False)
    except ImportError as error:
        raise ValueError(
            f"Exporting needs further packages: pip install 'siamese_lib[export]', or "
            f"pip install -e '.[export]' in the project's folder. Received: {error}"
        ) from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporters' messages on their progress, and without usage statistics.

    OpenVINO's converter sends them to Google Analytics where the package openvino_telemetry can be
    imported.
    """
    logger, telemetry = logging.getLogger("tf2onnx"), sys.modules.get("openvino_telemetry")
    level = logger.level
    logger.setLevel(logging.ERROR)
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
        del sys.modules["openvino_telemetry"]
        if telemetry:
            sys.modules["openvino_telemetry"] = telemetry


def largest_difference(verifier: Verifier, portable: PortableVerifier) -> float:
    """The largest difference of a score between both, over pairs of sample faces."""
    sample = load_dataset("sample")
    faces = sorted(sample.files)[:NUM_IMAGES]
    images = open_cache(sample, None, verifier.image_size, faces)[faces]
    # Neighbours, who are mostly one person, and faces that lie far apart, who are not.
    left = np.tile(np.arange(len(images)), 2)
    right = np.concatenate([np.roll(left[: len(images)], shift) for shift in (1, len(images) // 2)])
    scores = [
        scorer.score_among(scorer.embed(images), left.tolist(), right.tolist())
        for scorer in (verifier, portable)
    ]
    return float(np.abs(scores[0] - scores[1]).max())
