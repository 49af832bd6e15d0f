#!/usr/bin/env bash
# keras 3.15.1, jax 0.10.2, numpy 2.4.6.
# keras.layers.RandomSaturation multiplies the saturation of HSV, which goes from 0 to 1, and cuts
# the product to value_range. With the default value_range of 0 to 255, and images of 0 to 255, that
# cuts nothing: a factor over 0.5, documented as more saturated, gives pixels far below zero, and no
# error follows. With images and value_range of 0 to 1 the result is right.
# A single number, documented as the end of a range that begins at 0, is the half of a range around
# 0: with RandomSaturation(0.5) half of all images become grey.
# Seen on 2026-11-30: the colour (162, 69, 10) with the factor 0.75 becomes (162, -117, -294), with
# 1.0 (162, -25,113, -41,148); with value_range 0 to 1 it becomes (162, 63, 0) with both. With 0.5
# alone, 52 % of 1,000 images have three equal channels.
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

colour = np.full((1, 4, 4, 3), (162, 69, 10), "float32")


def changed(factor, most, images=colour):
    layer = keras.layers.RandomSaturation(factor, value_range=(0, most), seed=1)
    return keras.ops.convert_to_numpy(layer(images * most / 255, training=True)) * 255 / most


lowest = {}
for most in (255, 1):
    for factor in (0.75, 1.0):
        result = changed((factor, factor), most)
        lowest[most, factor] = result.min()
        print(f"value_range 0 to {most}, factor {factor}:", result[0, 0, 0].round().tolist())
many = changed(0.5, 255, np.repeat(colour, 1000, axis=0))
grey = float((np.ptp(many, axis=-1) < 0.5).all(axis=(1, 2)).mean())
print(f"RandomSaturation(0.5): {grey:.0%} of the images are grey")
outside = lowest[255, 0.75] < -200 and lowest[255, 1.0] < -20_000
inside = min(lowest[1, 0.75], lowest[1, 1.0]) > -0.5
sys.exit(not (outside and inside and 0.4 < grey < 0.6))
PYTHON
