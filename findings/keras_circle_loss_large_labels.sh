#!/usr/bin/env bash
# keras 3.15.1, tensorflow 2.21.0, numpy 2.4.6.
# keras.losses.Circle learns embeddings from labels that say who is who; its documentation asks for
# integers. They are compared as float32 nevertheless, which holds integers exactly up to 16,777,216
# only. Numbers of eight digits and more, as of students, or written as a date and a counter, are
# rounded: neighbours become one and the same person, whose pictures the loss pulls together. No
# warning; the integers' own type does not help. Labels counted from zero (np.unique with
# return_inverse) are safe.
# Seen on 2026-12-01: three people with two pictures each. The loss of the persons 3, 8, 9 is 40.55;
# numbered 3, 20262703 and 20262704, the last two of them are one person, and the loss is 90.24,
# that of the persons 3, 8, 8.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check \
  keras==3.15.1 tensorflow==2.21.0 numpy==2.4.6
export KERAS_BACKEND=tensorflow TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES=
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import keras
import numpy as np

embeddings = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")
embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
circle = keras.losses.Circle(gamma=80, margin=0.4)


def loss(*people):
    """The loss of two pictures of each of three people."""
    return round(float(circle(np.repeat(np.array(people, "int64"), 2), embeddings)), 2)


small, large, merged = loss(3, 8, 9), loss(3, 20262703, 20262704), loss(3, 8, 8)
counted = loss(*np.unique([3, 20262703, 20262704], return_inverse=True)[1])
print(f"3, 8, 9: {small}; 3, 20262703, 20262704: {large}; 3, 8, 8: {merged}; counted: {counted}")
sys.exit(not (small == counted != large == merged))
PYTHON
