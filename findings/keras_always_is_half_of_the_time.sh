#!/usr/bin/env bash
# keras 3.15.1, jax 0.10.2, numpy 2.4.6.
# RandomErasing, RandomElasticTransform and RandomPerspective document their factor as a
# probability: 1.0, also the default, is to change every image. A line below, a single number is
# said to be the end of a range from which the probability of each image is drawn, and that is
# what happens: 1.0 changes half of the images, 0.5 a quarter. RandomInvert and RandomGaussianBlur
# do the same. Only the pair (1.0, 1.0) changes all. RandomGrayscale(1.0) changes all, and takes
# no pair.
# Whoever compares with a paper that erases in half of the images, and writes 0.5, erases in a
# quarter.
# Seen on 2026-11-30, shares of 2,000 images that changed with 1.0, 0.5 and (1.0, 1.0):
# RandomErasing 0.47, 0.23, 1.00; the other four 0.51, 0.24, 1.00.
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

layers = keras.layers
image = np.random.default_rng(0).uniform(40, 200, (1, 16, 16, 3)).astype("float32")
images = np.repeat(image, 2000, axis=0)


def share_changed(layer):
    result = keras.ops.convert_to_numpy(layer(images, training=True))
    return float((np.abs(result - images).mean(axis=(1, 2, 3)) > 0.5).mean())


kinds = [layers.RandomErasing, layers.RandomElasticTransform, layers.RandomPerspective]
kinds += [layers.RandomInvert, layers.RandomGaussianBlur]
as_seen = True
for kind in kinds:
    further = {"sigma": (1.0, 1.0)} if kind is layers.RandomGaussianBlur else {}
    shares = [share_changed(kind(factor, seed=1, **further)) for factor in (1.0, 0.5, (1.0, 1.0))]
    print(f"{kind.__name__}: 1.0 {shares[0]:.2f}, 0.5 {shares[1]:.2f}, (1.0, 1.0) {shares[2]:.2f}")
    as_seen &= np.allclose(shares, [0.5, 0.25, 1.0], atol=0.04)
grey = share_changed(layers.RandomGrayscale(1.0, seed=1))
print(f"RandomGrayscale: 1.0 {grey:.2f}")
sys.exit(not (as_seen and grey == 1.0))
PYTHON
