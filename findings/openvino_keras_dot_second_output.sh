#!/usr/bin/env bash
# keras 3.15.1, tensorflow 2.21.0, openvino 2026.4.1.
# A head that compares two embeddings by their cosine, keras.layers.Dot(axes=1, normalize=True), has
# one output. Exported with model.export(format="openvino") it has two: the similarities, and a
# whole number without a batch (int32, shape []), a size that Keras' batch_dot looks up on the way
# and that nothing uses. The same head written with keras.ops.sum keeps its one output, and so does
# the ONNX export of the first. Code that unpacks "the" output, or serves the model by its list of
# outputs, fails or publishes the extra one; there is no message at the export.
# Seen on 2026-11-30: Dot: 2 outputs (f32 and i32); ops.sum: 1 output.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check \
  keras==3.15.1 tensorflow==2.21.0 openvino==2026.4.1 scipy==1.17.1
cd "$folder"
export TF_CPP_MIN_LOG_LEVEL=3
"$folder/venv/bin/python" - <<'PYTHON' 2> "$folder/errors.txt" || { cat "$folder/errors.txt"; exit 1; }
import sys

import keras
import numpy as np
import openvino


def exported_outputs(name, compare):
    sides = [keras.Input((8,), name=side) for side in ("left", "right")]
    model = keras.Model(sides, compare(sides))
    model([np.ones((2, 8), "float32")] * 2)
    model.export(f"{name}.xml", format="openvino", verbose=False)
    outputs = openvino.Core().read_model(f"{name}.xml").outputs
    kinds = [(each.get_element_type().get_type_name(), str(each.get_partial_shape())) for each in outputs]
    print(f"{name}: Keras has {len(model.outputs)} output, the exported model {kinds}")
    return kinds


def plain(sides):
    left, right = (keras.ops.normalize(side, axis=-1) for side in sides)
    return keras.ops.sum(left * right, axis=-1, keepdims=True)


dot = exported_outputs("dot", keras.layers.Dot(axes=1, normalize=True))
summed = exported_outputs("sum", plain)
sys.exit(not (dot == [("f32", "[?,1]"), ("i32", "[]")] and summed == [("f32", "[?,1]")]))
PYTHON
