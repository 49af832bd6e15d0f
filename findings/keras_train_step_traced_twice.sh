#!/usr/bin/env bash
# keras 3.15.1, tensorflow 2.21.0, numpy 2.4.6.
# A network is compiled and fitted for one epoch. TensorFlow traces the training step twice, before
# the first batch is learnt from: Keras makes the optimizer's variables inside the first trace, and
# a function that makes variables is traced again by TensorFlow. The time until the first step is
# therefore twice what it need be, for a large network several seconds a run. Nothing is said.
# `model.optimizer.build(model.trainable_variables)` between compile and fit leaves one trace; the
# losses are the same.
# Seen on 2026-11-29: the layer is called twice by fit without that line, once with it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check \
  keras==3.15.1 tensorflow==2.21.0 numpy==2.4.6
export KERAS_BACKEND=tensorflow TF_CPP_MIN_LOG_LEVEL=3
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import keras
import numpy as np


class Counted(keras.layers.Dense):
    calls = 0

    def call(self, inputs):
        Counted.calls += 1  # Python runs while TensorFlow traces, not in a step
        return super().call(inputs)


rng = np.random.default_rng(0)
images = rng.normal(size=(64, 8)).astype("float32")
labels = rng.integers(0, 2, (64, 1))


def traces(build_optimizer):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8,))
    model = keras.Model(inputs, Counted(1, activation="sigmoid")(inputs))
    model.compile(optimizer="adam", loss="binary_crossentropy")
    if build_optimizer:
        model.optimizer.build(model.trainable_variables)
    before = Counted.calls
    history = model.fit(images, labels, batch_size=16, epochs=3, shuffle=False, verbose=0)
    print(f"optimizer built before fit: {build_optimizer}; calls of the layer by fit: "
          f"{Counted.calls - before}; losses {[round(x, 6) for x in history.history['loss']]}")
    return Counted.calls - before, history.history["loss"]


(lazy, losses), (built, same) = traces(False), traces(True)
sys.exit(not (lazy == 2 and built == 1 and np.allclose(losses, same)))
PYTHON
