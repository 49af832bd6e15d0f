"""Model files: the network in `NAME.keras` and its settings in `NAME.json`, read safely."""

import io
import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from siamese_lib.inference.settings import checked_settings
from siamese_lib.models import layers
from siamese_lib.utils.files import atomic_write, read_json, write_json
from siamese_lib.utils.machine import policy_of
from siamese_lib.utils.tensorflow import keras

# Arguments that Keras 3.15 writes and Keras 3.13, which Colab has, does not accept, with the
# values that mean "not used".
NEW_ARGUMENTS = {
    "input_axes": None,
    "output_axes": None,
    "renorm": False,
    "renorm_clipping": None,
    "renorm_momentum": 0.99,
}
# The classes that the networks of this project consist of. Others are not loaded: layers outside
# this list have been used to get round Keras' safe mode.
# fmt: off
CLASSES = {
    "Functional", "InputLayer", "Conv2D", "MaxPooling2D", "Flatten", "Dense", "Dot",
    "Add", "ReLU", "Dropout", "BatchNormalization", "Rescaling", "UnitNormalization",
    "AbsoluteDifference", "JoinSymmetries", "JointBayesian",
    "StackSymmetries", "StackBranches", "UnstackBranches",
    "DTypePolicy", "L2", "__keras_tensor__",
    "Constant", "GlorotUniform", "HeNormal", "Ones", "RandomNormal", "Zeros",
} | set(layers.OLD_CLASSES)
# fmt: on


def read_model(path: Path | str, mixed_precision: str | None = None) -> tuple[Any, dict[str, Any]]:
    """Reads a network and its settings.

    Args:
        path: `NAME.keras`, with `NAME.json` beside it.
        mixed_precision: in place of the settings' own, as in `ExperimentConfig`.

    Returns:
        `(network, settings)`: a `keras.Model` that computes in the precision of this machine, if
        its settings hold `mixed_precision`, and a dict with at least the keys of
        `settings.SETTINGS`.

    Raises:
        FileNotFoundError: if one of the two files is missing.
        ValueError: if they are not those of a model of this project.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no such model file; check the path. Received: {path}")
    if path.suffix != ".keras":
        raise ValueError(
            f"{path} is not a model of this project; give a file NAME.keras with its NAME.json. "
            f"Received: a file {path.suffix}"
        )
    settings = _read_settings(path.with_suffix(".json"))
    if mixed_precision:
        settings = settings | {"mixed_precision": mixed_precision}
    try:
        network = _read_network(path)
        encoder = network.get_layer("encoder")
        if precision := settings.get("mixed_precision"):
            _set_precision(encoder, policy_of(precision))
        shape = encoder.input_shape  # (batch, height, width, 1), or (batch, num_descriptors)
        if len(shape) == 4 and list(shape[1:3]) != settings["image_size"]:
            raise ValueError(
                f"its input is {shape[1]}x{shape[2]} pixels, its settings name "
                f"{settings['image_size']}"
            )
        network.get_layer("head")
    except Exception as error:  # Keras raises many classes of errors for a damaged file
        fault, cause = "is not a model of this project, or is damaged;", error
        if isinstance(error, OtherKeras):
            fault, cause = str(error), error.cause
        reason = " ".join(str(cause).split())[:200]
        raise ValueError(
            f"{path} {fault} use the file that was saved. Received: {reason}"
        ) from error
    return network, settings


def write_model(
    path: Path | str, network: Any, settings: dict[str, Any], half_precision: bool = False
) -> None:
    """Writes a network to `NAME.keras` and its settings to `NAME.json`.

    Args:
        path: `NAME.keras`.
        network: the `keras.Model`.
        settings: what scoring needs beside it.
        half_precision: whether weights are stored as 16-bit numbers, which halves the file; they
            are read as 32-bit numbers again.
    """
    path = Path(path)
    with atomic_write(path) as temporary:
        network.save(temporary)
        _remove_new_arguments(temporary)
        if half_precision:
            _halve_weights(temporary)
    write_json(path.with_suffix(".json"), settings)


def _read_settings(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise FileNotFoundError(
            f"The settings of the model are missing; copy the file {path.name} that was saved with "
            f"it, and put it beside the .keras file. Received: no {path}"
        )
    return checked_settings(read_json(path), path)


def _read_network(path: Path) -> Any:
    """The network of a `.keras` file that holds only classes of this project."""
    if path.suffix != ".keras":
        raise ValueError("its name does not end in .keras")
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
    if foreign := _class_names(config) - CLASSES:
        raise ValueError(f"it holds classes of others: {', '.join(sorted(foreign))}")
    return load_keras(path, compile=False)


class OtherKeras(ValueError):
    """Another version of Keras wrote a file that this one cannot read, which it raised as `cause`.

    The message begins with a verb and ends in "or", for a sentence on the file.
    """

    def __init__(self, written_by: str, cause: Exception) -> None:
        self.cause = cause
        super().__init__(
            f"was written by Keras {written_by}, and Keras {keras.__version__} cannot read it; "
            f"install Keras {written_by}, or"
        )


def load_keras(path: Path, **options: Any) -> Any:
    """The model in a `.keras` file, also of a newer Keras, whose unused arguments are left out.

    Args:
        path: the file.
        options: of `keras.saving.load_model`.

    Raises:
        OtherKeras: if another version of Keras wrote it and this one cannot read it.
    """
    with zipfile.ZipFile(path) as archive:
        written_by = json.loads(archive.read("metadata.json"))["keras_version"]
    if written_by == keras.__version__:
        return keras.saving.load_model(path, safe_mode=True, **options)
    try:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / path.name
            shutil.copyfile(path, copy)
            _remove_new_arguments(copy)
            return keras.saving.load_model(copy, safe_mode=True, **options)
    except Exception as error:  # Keras raises many classes of errors
        raise OtherKeras(written_by, error) from error


def _class_names(value: Any) -> set[str]:
    """The names of all classes that Keras would make objects of."""
    if isinstance(value, list):
        return set().union(*map(_class_names, value))
    if not isinstance(value, dict):
        return set()
    own = {str(value["class_name"])} if "class_name" in value else set()
    return own.union(*map(_class_names, value.values()))


def _set_precision(encoder: Any, policy: str) -> None:
    """Sets the precision of an encoder, whose file has that of the machine it was trained on."""
    for layer in encoder.layers:
        if not isinstance(layer, keras.layers.UnitNormalization):  # needs full precision
            layer.dtype_policy = policy


def _remove_new_arguments(path: Path) -> None:
    """Rewrites a model file so that an older Keras opens it too."""

    def without_new(content: bytes) -> bytes:
        return json.dumps(_without_new(json.loads(content))).encode()

    _rewrite_member(path, "config.json", without_new)


def _halve_weights(path: Path) -> None:
    """Rewrites a model file with its 32-bit weights as 16-bit ones."""
    _rewrite_member(path, "model.weights.h5", _halved)


def _halved(content: bytes) -> bytes:
    """An HDF5 file whose 32-bit numbers are 16-bit ones."""
    import h5py

    def copy(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            values = item[()].astype("float16") if item.dtype == "float32" else item[()]
            halved[name] = values
        else:
            halved.require_group(name)
        halved[name].attrs.update(item.attrs)

    buffer = io.BytesIO()
    with h5py.File(io.BytesIO(content)) as whole, h5py.File(buffer, "w") as halved:
        whole.visititems(copy)
    return buffer.getvalue()


def _rewrite_member(path: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    """Rewrites a zip file with one member replaced by what `change` makes of it."""
    with zipfile.ZipFile(path) as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    members[name] = change(members[name])
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)


def _without_new(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_new(item)
            for key, item in value.items()
            if key not in NEW_ARGUMENTS or item != NEW_ARGUMENTS[key]
        }
    return [_without_new(item) for item in value] if isinstance(value, list) else value
