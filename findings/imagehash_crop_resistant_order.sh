#!/usr/bin/env bash
# ImageHash 4.3.2, Pillow 12.3.0, numpy 2.4.6.
# crop_resistant_hash finds copies of a photograph of which one is cropped: one hash for each
# segment of the picture. Its difference looks like a distance, and `first - second` is not
# `second - first`: each segment of the left operand looks for its best partner in the right one.
# Of two pictures the difference is 0.1 in one order and 1.2 in the other, so that a limit for
# near-copies accepts or rejects the same pair, by the order of the files. Two hashes that are equal
# (`==`: one segment in common is enough) also have different values of `hash()`, so that a set or
# dict keeps both copies. The difference of `phash` is the same in both orders.
# Seen on 2026-11-30.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check \
    ImageHash==4.3.2 Pillow==12.3.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import imagehash
import numpy as np
from PIL import Image


def picture(num_discs):
    """Discs on a dark ground, 200x200 pixels, grey."""
    rows, columns = np.mgrid[:200, :200]
    grey, draw = np.full((200, 200), 60, np.uint8), np.random.default_rng(1)
    for _ in range(num_discs):
        (row, column), radius = draw.integers(30, 170, 2), draw.integers(15, 30)
        grey[(rows - row) ** 2 + (columns - column) ** 2 < radius**2] = draw.integers(150, 255)
    return Image.fromarray(grey)


pictures = picture(2), picture(5)
first, second = map(imagehash.crop_resistant_hash, pictures)
there, back = first - second, second - first
print(f"segments: {len(first.segment_hashes)} and {len(second.segment_hashes)}")
print(f"crop-resistant: {there:.3f} and {back:.3f}; equal {first == second},", end=" ")
print(f"in a set of both {len({first, second})}")
one, other = map(imagehash.phash, pictures)
print(f"phash: {one - other} and {other - one}")
asymmetric = abs(there - back) > 0.5 and one - other == other - one
sys.exit(not (asymmetric and first == second and len({first, second}) == 2))
PYTHON
