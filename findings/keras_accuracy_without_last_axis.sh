#!/usr/bin/env bash
# keras 3.15.1, jax 0.10.2, numpy 2.4.6.
# A pair network returns one probability a pair, either as (batch, 1) or, after a sum over the
# features, as (batch,). Binary cross-entropy and the training are the same for both shapes, but
# metrics=["accuracy"] chooses its meaning by the last axis. For (batch,) that is the batch itself:
# Keras takes CategoricalAccuracy and compares the places of the largest label and of the largest
# probability in the batch. There is no warning, and "accuracy" is then 0 or 1 a batch.
# Seen on 2026-11-27: 64 pairs, all 64 decided rightly. Output (None, 1): accuracy 1.0
# (BinaryAccuracy); output (None,): accuracy 0.0 (CategoricalAccuracy), with the same loss.
# metrics=["binary_accuracy"] is right for both.
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

rng = np.random.default_rng(0)
left = rng.normal(size=(64, 4)).astype("float32")
labels = np.arange(64) % 2
right = left * np.where(labels, 1, -1)[:, None]  # the sign of the dot product is the label


def accuracy(keepdims, metric):
    a, b = keras.Input((4,)), keras.Input((4,))
    probability = keras.ops.sigmoid(keras.ops.sum(a * b, axis=-1, keepdims=keepdims))
    model = keras.Model([a, b], probability)
    model.compile(loss="binary_crossentropy", metrics=[metric])
    numbers = model.evaluate([left, right], labels, batch_size=64, verbose=0, return_dict=True)
    decisions = np.ravel(model.predict([left, right], verbose=0)) > 0.5
    kind = type(model.metrics[-1].metrics[0]).__name__
    right_share = float(np.mean(decisions == labels))
    print(f"output {model.output_shape}, metric {metric!r} ({kind}): {numbers[metric]:.3f}, "
          f"loss {numbers['loss']:.4f}, pairs decided rightly: {right_share:.3f}")
    return numbers[metric], right_share


column, flat = accuracy(True, "accuracy"), accuracy(False, "accuracy")
named = accuracy(False, "binary_accuracy")
sys.exit(not (column == named == (1.0, 1.0) and flat == (0.0, 1.0)))
PYTHON
