"""A network that `export` wrote, in use without TensorFlow.

It needs NumPy, Pillow and the runtime that the network was exported for.
"""

import copy
import shutil
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from siamese_lib.data.cascade import Cascade
from siamese_lib.data.photos import Detector
from siamese_lib.inference.runtimes import PACKAGES, Network, open_network
from siamese_lib.inference.scorer import Scorer
from siamese_lib.inference.settings import checked_settings
from siamese_lib.utils.files import checksum, new_folder, read_json, write_json

DESCRIPTION, FORMAT = "verifier.json", "siamese_lib export 1"
README, PROGRAM = "README.md", "verify.py"  # for readers
DETECTOR_NETWORKS = ("proposal", "refinement", "output")  # of photos' faces
DETECTOR_SHAPES = ((12, (4, 2)), (24, (4, 2)), (48, (4, 10, 2)))  # side of images, sizes of outputs


class PortableVerifier(Scorer):
    """An exported network together with the settings that scoring needs.

    Its encoder embeds an image with its mirror image and its symmetries, where the network has
    these: the embeddings and scores are those of `Verifier` in float32.

    Attributes:
        folder: where it is.
        description: what `verifier.json` holds.
        settings: as in `Scorer`.
    """

    def __init__(self, folder: Path, description: Mapping[str, Any], settings: dict[str, Any]):
        super().__init__(settings)
        self.folder, self.description = folder, description
        self._encoder, self._head = self._open("encoder"), self._open("head")
        try:  # one black image: a network of another project does not take it
            embedding = self._embed_batch(np.zeros((1, *self.image_size, 1)))
            (score,) = self._score_batch(embedding, embedding)
            if not 0 <= score <= 1:
                raise ValueError(f"the score {score}")
        except Exception as error:  # each runtime raises classes of its own
            raise self._foreign(error) from error

    @classmethod
    def load(cls, folder: Path | str) -> "PortableVerifier":
        """Opens the folder that `export` wrote.

        Raises:
            FileNotFoundError: if there is none.
            ValueError: if it is none, is damaged, or its runtime is missing or cannot read it.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise FileNotFoundError(f"There is no such folder; check the path. Received: {folder}")
        if not (folder / DESCRIPTION).is_file():
            raise ValueError(
                f"{folder} is no exported model; give the folder that export wrote, or a file "
                f"NAME.keras. Received: a folder without {DESCRIPTION}"
            )
        description = _checked_description(read_json(folder / DESCRIPTION), folder / DESCRIPTION)
        for name, expected in description["files"].items():
            if (received := checksum(folder / name)) != expected:
                raise ValueError(
                    f"{folder / name} is missing or damaged; export the model again. "
                    f"Received: {received}"
                )
        settings = checked_settings(description["settings"], folder / DESCRIPTION)
        return cls(folder, description, settings)

    def with_settings(self, settings: dict[str, Any]) -> "PortableVerifier":
        changed = copy.copy(self)  # with the same opened networks
        changed.settings = settings
        return changed

    def save(self, path: Path | str) -> None:
        """Copies the network into a new folder, with the present settings.

        Raises:
            ValueError: if there is a folder already that holds no exported model.
        """
        with new_folder(path, own_files) as folder:
            for name in own_files(self.folder):
                shutil.copyfile(self.folder / name, folder / name)
            write_json(folder / DESCRIPTION, {**self.description, "settings": self.settings})

    @property
    def identity(self) -> str:
        return f"{self.description['runtime']} {sorted(self.description['files'].values())}"

    @cached_property
    def detector(self) -> Detector:
        """Finds faces in photos with the exported networks of mtcnn.

        Raises:
            ValueError: if they were not exported with the model.
        """
        if "proposal" not in self.description["networks"]:
            raise ValueError(
                "This exported model has no face detector; export it as onnx where the package "
                "mtcnn is installed, or give aligned images with --aligned. "
                f"Received: {self.folder}"
            )
        networks = [_of_images(self._open(name)) for name in DETECTOR_NETWORKS]
        try:
            for network, (side, values) in zip(networks, DETECTOR_SHAPES):
                outputs = network(np.zeros((1, side, side, 3), np.float32))
                if tuple(output.shape[-1] for output in outputs) != values:
                    raise ValueError(f"outputs {[output.shape for output in outputs]}")
        except Exception as error:  # each runtime raises classes of its own
            raise self._foreign(error) from error
        return Cascade(*networks)

    def _foreign(self, error: Exception) -> ValueError:
        return ValueError(
            f"{self.folder} does not hold the networks of this project; use the folder that export "
            f"wrote. Received: {' '.join(str(error).split())[:200]}"
        )

    def _path(self, name: str) -> Path:
        return self.folder / self.description["networks"][name]

    def _open(self, name: str) -> Network:
        return open_network(self._path(name), self.description["runtime"])

    def _embed_batch(self, images: np.ndarray) -> np.ndarray:
        (embeddings,) = self._encoder(images=np.asarray(images, dtype=np.float32))
        return embeddings

    def _score_batch(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        (scores,) = self._head(left_embedding=left, right_embedding=right)
        return scores[:, 0]


def own_files(folder: Path) -> list[str]:
    """The names of what `export` wrote into a folder, as far as it is there."""
    try:
        described = list(read_json(folder / DESCRIPTION)["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return []  # then nothing in it is known to be ours
    return [
        name for name in (*described, DESCRIPTION, README, PROGRAM) if (folder / name).is_file()
    ]


def _of_images(network: Network) -> Any:
    return lambda images: network(images=np.ascontiguousarray(images))


def _checked_description(description: Any, path: Path) -> dict[str, Any]:
    """The content of `verifier.json`; its files lie in the folder itself."""
    try:
        if description["format"] != FORMAT:
            raise ValueError(f"format {description['format']!r}")
        if description["runtime"] not in PACKAGES:
            raise ValueError(f"runtime {description['runtime']!r}")
        names = [*description["files"].values(), *description["networks"].values()]
        if not all(isinstance(name, str) for name in names):
            raise ValueError("names that are no texts")
        names = [*description["files"], *description["networks"].values()]
        if set(description["networks"]) - set(DETECTOR_NETWORKS) != {"encoder", "head"}:
            raise ValueError("no encoder or no head")
        if len(description["networks"]) not in (2, 2 + len(DETECTOR_NETWORKS)):
            raise ValueError("a part of a face detector")
        if not all(Path(name).name == name for name in names):
            raise ValueError("files elsewhere")
        if not set(description["networks"].values()) <= set(description["files"]):
            raise ValueError("networks without a checksum")
        description["settings"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path} is not that of an exported model of this version; export the model again. "
            f"Received: {' '.join(str(error).split())[:200]}"
        ) from error
    return description
