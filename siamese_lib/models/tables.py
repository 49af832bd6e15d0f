"""Networks as tables: numbers of weights, a row for each layer, a row for each block of layers."""

import re
from typing import Any

from siamese_lib.utils.tensorflow import keras

layers, ops = keras.layers, keras.ops


def count_parameters(model: Any) -> dict[str, int]:
    """The numbers of weights of a model, without the state of random generators.

    Returns:
        `{"total", "trainable", "non_trainable"}`.
    """
    trainable = sum(int(ops.size(weight)) for weight in model.trainable_weights)
    fixed = sum(int(ops.size(weight)) for weight in model.non_trainable_weights)
    return {"total": trainable + fixed, "trainable": trainable, "non_trainable": fixed}


def layer_table(model: Any) -> list[dict[str, Any]]:
    """The layers of a model in order, with those of nested models.

    Returns:
        A dict for each layer with the keys name, type, output_shape, filters, kernel, strides,
        pooling, activation, regularisation, parameters; None where a layer has no such property.
    """
    rows: list[dict[str, Any]] = []
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            rows += layer_table(layer)
        elif not isinstance(layer, layers.InputLayer):
            rows.append(_layer_row(layer))
    return rows


def _layer_row(layer: Any) -> dict[str, Any]:
    outputs = layer.output if isinstance(layer.output, list) else [layer.output]
    activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
    return {
        "name": layer.name,
        "type": type(layer).__name__,
        "output_shape": list(outputs[0].shape[1:]),
        "filters": getattr(layer, "filters", getattr(layer, "units", None)),
        "kernel": list(getattr(layer, "kernel_size", [])) or None,
        "strides": list(getattr(layer, "strides", None) or []) or None,
        "pooling": list(getattr(layer, "pool_size", [])) or None,
        "activation": None if activation == "linear" else activation,
        "regularisation": _regularisation(layer),
        "parameters": layer.count_params(),
    }


def _regularisation(layer: Any) -> str | None:
    """The L2 penalty of a layer with its factor, or dropout with its rate."""
    if isinstance(layer, layers.Dropout):
        return f"dropout {layer.rate:g}"
    penalty = getattr(layer, "kernel_regularizer", None)
    return f"L2 {float(penalty.l2):g}" if penalty else None


def block_table(model: Any) -> list[dict[str, Any]]:
    """The blocks of a Siamese network in order: what a reader draws instead of every layer.

    A block is what belongs to one stage: a convolution with its normalisation, activation and
    pooling, a residual block, the dense layers of the embedding, the comparison of two embeddings.

    Returns:
        A dict for each block with the keys block, layers (in words), output_shape, parameters.
    """
    rows: list[dict[str, Any]] = []
    for row in layer_table(model):
        block = _block_of(row["name"]) or (rows[-1]["block"] if rows else "input")
        if not rows or rows[-1]["block"] != block:
            rows.append({"block": block, "layers": "", "output_shape": None, "parameters": 0})
        last = rows[-1]
        words = _in_words(row)
        if words and "shortcut" not in row["name"]:
            last["layers"] += f", {words}" if last["layers"] else words
        elif words and row["type"] == "Conv2D":
            last["shortcut"] = f"; shortcut: {words}"
        last["output_shape"] = row["output_shape"]
        last["parameters"] += row["parameters"]
    for row in rows:
        row["layers"] += row.pop("shortcut", "")
    return [row for row in rows if row["layers"]]


def _block_of(name: str) -> str:
    """The block of a layer by the layer's name, or nothing: that of the layer before it."""
    if numbered := re.fullmatch(r"(?:convolution|normalization|relu|pooling)_(\d)", name):
        return f"convolution {numbered[1]}"
    if staged := re.match(r"stage_(\d)_", name):
        return f"stage {staged[1]}"
    if name.startswith("stem_"):
        return "stem"
    if name.startswith(("flatten", "embedding", "unit_length")):
        return "embedding"
    return "comparison" if name in _COMPARING else ""


_COMPARING = ("absolute_difference", "cosine", "joint_bayesian", "probability")


def _in_words(row: dict[str, Any]) -> str:
    """A layer in a few words, or nothing for a layer that only passes values on."""
    kind = row["type"]
    penalty = f", {row['regularisation']}" if row["regularisation"] else ""
    if kind == "Conv2D":
        height, width = row["kernel"]
        step = f" / {row['strides'][0]}" if row["strides"][0] > 1 else ""
        return f"conv {height}x{width}, {row['filters']}{step}{penalty}"
    if kind == "Dense":
        units = "1 unit" if row["filters"] == 1 else f"{row['filters']:,} units"
        return units + (f", {row['activation']}" if row["activation"] else "") + penalty
    if kind == "MaxPooling2D":
        return "max-pooling {}x{}".format(*row["pooling"])
    return row["regularisation"] if kind == "Dropout" else _WORDS.get(kind, "")


_WORDS = {
    "ReLU": "ReLU",
    "Add": "+ shortcut",
    "UnitNormalization": "length 1",
    "AbsoluteDifference": "|left - right|",
    "Dot": "cosine",
    "JointBayesian": "joint Bayesian ratio",
    "BatchNormalization": "BN",
}
