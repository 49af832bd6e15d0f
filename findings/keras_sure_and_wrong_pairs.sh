#!/usr/bin/env bash
# keras 3.15.1, tensorflow 2.21.0, numpy 2.4.6.
# A pair network that is very sure and wrong (a wrong label, say) should get the largest gradient.
# "binary_crossentropy" of probabilities cuts them at 1 - 1e-7, and behind the cut the gradient is
# exactly zero: from a logit of about 16 on, such a pair is never learned from again. Keras avoids
# this where it can: its sigmoid hangs the logit on the tensor that it returns, and the loss uses
# that. One layer behind the sigmoid, a Reshape that changes no number, and it is lost, with the
# gradient; the loss stays about as large as it was, 16. (With jax 0.10.2, whose arrays take no
# such note, the gradient is zero with the sigmoid last as well; not run below.)
# Seen on 2026-11-27: how far one step of SGD(1.0) moves the logit of a pair with label 0. Logit 15:
# -1.0 for all three networks; logit 17: -1.0 with the sigmoid last and with from_logits=True, 0.0
# with a Reshape behind the sigmoid.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check \
  keras==3.15.1 tensorflow==2.21.0 numpy==2.4.6
export KERAS_BACKEND=tensorflow TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES=
"$folder/venv/bin/python" - <<'PYTHON'
import logging
import sys

import keras
import numpy as np

layers = keras.layers
logging.getLogger("tensorflow").setLevel("ERROR")  # notes on speed


def step(logit, tail, from_logits=False):
    """How far one step of gradient descent moves the logit of a pair with label 0."""
    dense = layers.Dense(1, kernel_initializer="ones")
    model = keras.Sequential([keras.Input((1,)), dense, *tail])
    loss = keras.losses.BinaryCrossentropy(from_logits=from_logits)
    model.compile(keras.optimizers.SGD(1.0), loss)
    model.fit(np.array([[logit]], "float32"), np.zeros((1, 1)), verbose=0)
    return round(float(dense.bias.numpy()[0]), 3)


seen = []
for logit in (15.0, 17.0):
    seen.append([
        step(logit, [layers.Activation("sigmoid")]),
        step(logit, [], from_logits=True),
        step(logit, [layers.Activation("sigmoid"), layers.Reshape((1,))]),
    ])
    print(f"logit {logit}: sigmoid last, from_logits, Reshape behind: {seen[-1]}")
sys.exit(seen != [[-1, -1, -1], [-1, -1, 0]])
PYTHON
