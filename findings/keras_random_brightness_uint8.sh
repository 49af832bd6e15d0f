#!/usr/bin/env bash
# keras 3.15.1, jax 0.10.2, numpy 2.4.6.
# keras.layers.RandomBrightness documents images of 0 to 255, and cuts its result to that range.
# It adds the change in the type of the images, before it cuts. For uint8, the type in which image
# files are read, the sum has wrapped by then: in a picture that is made brighter, the bright parts
# turn nearly black. No warning. The other augmentations of colour (RandomContrast,
# RandomColorJitter, RandomSharpness) convert uint8 to float32 first, and so does RandomBrightness
# if anything that returns float32, such as Rescaling(1.0), stands before it.
# Seen on 2026-11-27: brighter by 51, the grey value 230 becomes 25 in uint8 and 255 in float32;
# RandomColorJitter makes 255 of it for both types.
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

brighter = (0.2, 0.2)  # of the range of 255: always 51
seen = []
for layer in (
    keras.layers.RandomBrightness(brighter),
    keras.layers.RandomColorJitter(brightness_factor=brighter),
):
    for dtype in ("uint8", "float32"):
        face = np.full((1, 8, 8, 3), 230, dtype)
        result = np.unique(keras.ops.convert_to_numpy(layer(face, training=True)))
        seen.append(result.tolist())
        print(f"{type(layer).__name__}, {dtype}: 230 + 51 = {seen[-1]}")
sys.exit(seen != [[25], [255], [255], [255]])
PYTHON
