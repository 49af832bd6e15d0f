#!/usr/bin/env bash
# keras 3.15.1, jax 0.10.2, numpy 2.4.6.
# keras.layers.RandomGaussianBlur documents that sigma is drawn for each image. It is drawn once
# for a batch, and then twice, for the height and for the width: all images of a batch that are
# blurred have the same blur, and it is stronger in one direction than in the other. Only whether
# an image is blurred is drawn for each. In tf.data, image by image before batch(), each has its
# own sigma. The neighbours RandomSharpness and RandomContrast draw for each image.
# Seen on 2026-11-30: 64 equal images in a batch have 1 result, one at a time 64; the variances of
# a blurred point along the height and along the width differ by 0.34 on the mean (sigma from 0 to
# 1).
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

point = np.zeros((1, 9, 9, 1), "float32")
point[0, 4, 4] = 255
places = np.arange(9) - 4.0
blur = keras.layers.RandomGaussianBlur((1.0, 1.0), kernel_size=7, sigma=(0.0, 1.0), seed=1)


def results(batch):
    return keras.ops.convert_to_numpy(blur(batch, training=True))


together = results(np.repeat(point, 64, axis=0))
alone = np.concatenate([results(point) for _ in range(64)])
kinds = [len({image.tobytes() for image in images}) for images in (together, alone)]
weights = alone[..., 0] / alone.sum(axis=(1, 2, 3))[:, None, None]
down, across = ((weights.sum(axis=axis) * places**2).sum(axis=1) for axis in (2, 1))
uneven = float(np.abs(down - across).mean())
print(f"of 64 equal images: {kinds[0]} result in a batch, {kinds[1]} one at a time")
print(f"variance along the height and along the width differ by {uneven:.2f}")
sys.exit(not (kinds == [1, 64] and uneven > 0.1))
PYTHON
