#!/usr/bin/env bash
# keras 3.15.1, jax 0.10.2, numpy 2.4.6 (the same numbers with tensorflow 2.21.0).
# keras.layers.UnitNormalization, the usual last layer of an embedding, computes in float16 under
# the dtype policy mixed_float16, its sum of squares too (LayerNormalization goes to float32 for
# it). An embedding longer than 256 has a sum of squares above 65504: the "unit" vector is all
# zero. The layer's guard against division by zero, 1e-12, is itself zero in float16: an embedding
# of zeros, as ReLU can give it, becomes NaN, and a very short one infinite. No warning; float32
# and mixed_bfloat16 are right.
# Seen on 2026-11-27 (length of the result for embeddings of length 300, 0.001 and 0, 128 numbers
# each): float32 1, 1, 0; mixed_bfloat16 1, 1, 0; mixed_float16 0, inf, nan.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check \
  keras==3.15.1 jax==0.10.2 numpy==2.4.6 h5py==3.14.0
export KERAS_BACKEND=jax
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import keras
import numpy as np


def lengths(policy):
    layer = keras.layers.UnitNormalization(dtype=policy)
    found = []
    for length in (300, 0.001, 0):
        embedding = np.full((1, 128), length / 128**0.5, "float32")
        unit = keras.ops.convert_to_numpy(keras.ops.cast(layer(embedding), "float32"))
        found.append(round(float(np.linalg.norm(unit)), 2))
    print(f"{policy}: lengths 300, 0.001, 0 become {found}")
    return str(found)


right = lengths("float32") == lengths("mixed_bfloat16") == "[1.0, 1.0, 0.0]"
sys.exit(not (right and lengths("mixed_float16") == "[0.0, inf, nan]"))
PYTHON
