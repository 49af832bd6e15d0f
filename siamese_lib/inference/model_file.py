"""?"""

import json
import zipfile

from siamese_lib.config import BOUNDING_BOX
from siamese_lib.utils.tensorflow import keras

# What Keras 3.15 writes into a model file and Keras 3.13, which Colab has, refuses; each at the value that a reader takes without it.
NEW_ARGUMENTS = {
    "input_axes": None,
    "output_axes": None,
    "renorm": False,
    "renorm_clipping": None,
    "renorm_momentum": 0.99,
}
# All that a network of this project is made of. Keras' safe mode has been circumvented through layers that are not among these.
# fmt: off
CLASSES = {
    "Functional", "InputLayer", "Conv2D", "MaxPooling2D", "Flatten", "Dense", "Dot",
    "Add", "ReLU", "Dropout", "BatchNormalization", "Rescaling", "UnitNormalization",
    "AbsoluteDifference", "JoinSymmetries", "JointBayesian", "StackSymmetries", "StackBranches", "UnstackBranches",
    "DTypePolicy", "L2", "__keras_tensor__",
    "Constant", "GlorotUniform", "HeNormal", "Ones", "RandomNormal", "Zeros",
}
# fmt: on
SETTINGS = ("crop", "image_size", "test_time_flip", "threshold")


def compute_in(encoder, policy):
    """Sets the precision of an encoder: its file has that of the machine that trained it, which this one may lack, or do without."""
    for layer in encoder.layers:
        if not isinstance(layer, keras.layers.UnitNormalization):  # a length wants all digits
            layer.dtype_policy = policy


def classes_of(path):
    """The names of all classes that Keras would make objects of."""
    with zipfile.ZipFile(path) as archive:
        waiting, names = [json.loads(archive.read("config.json"))], set()
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            names |= {str(value["class_name"])} if "class_name" in value else set()
        waiting += (
            value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
        )
    return names


def without_new_arguments(path):
    """Rewrites a model file so that an older Keras opens it too."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["config.json"] = json.dumps(_cut(json.loads(members["config.json"]))).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def _cut(value):
    if isinstance(value, dict):
        return {
            key: _cut(part)
            for key, part in value.items()
            if key not in NEW_ARGUMENTS or part != NEW_ARGUMENTS[key]
        }
    return [_cut(part) for part in value] if isinstance(value, list) else value


def can_score_with(settings):
    if not isinstance(settings, dict) or not set(SETTINGS) <= set(settings):
        return False
    crop, size = settings["crop"], settings["image_size"]
    whole = crop in (None, BOUNDING_BOX) or (
        isinstance(crop, list) and len(crop) == 4 and all(type(side) is int for side in crop)
    )
    whole = whole and (
        not isinstance(crop, list) or (0 <= crop[0] < crop[1] and 0 <= crop[2] < crop[3])
    )
    whole = (
        whole
        and isinstance(size, list)
        and len(size) == 2
        and all(type(side) is int and side > 0 for side in size)
    )
    whole = (
        whole and type(settings["threshold"]) in (int, float) and 0 <= settings["threshold"] <= 1
    )
    return whole and type(settings["test_time_flip"]) is bool
