#!/usr/bin/env bash
# Pillow 13.0.0, numpy 2.4.6.
# ImageStat.Stat(image).mean, the ready way to ask how bright a picture is, takes pictures of 16 and
# 32 bits and answers with numbers that have nothing to do with their pixels, without a warning: it
# computes from image.histogram(), which has 256 bins for every mode. In mode I;16 (16-bit PNG) the
# histogram counts single BYTES, in modes I (PGM of 16 bits) and F the bins lie between the
# picture's own smallest and largest value. image.getextrema() is right.
# Seen on 2026-11-27: one grey of 40000 has in I;16 mean 110.0 and extrema (64, 156), which are its
# bytes; in I mean 0 and extrema (255, 0), the smallest above the largest. In F, ramps from 0 to 1
# and from 0 to 1000 both have mean 127.03 and extrema (0, 255).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pillow==13.0.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from PIL import Image, ImageStat

ramp = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (4, 1))
seen = []
for name, pixels in (
    ("grey 40000", np.full((8, 8), 40000, np.uint16)),
    ("grey 40000", np.full((8, 8), 40000, np.int32)),
    ("ramp to 1", ramp),
    ("ramp to 1000", ramp * 1000),
    ("8 bits, for comparison", np.full((8, 8), 200, np.uint8)),
):
    image = Image.fromarray(pixels)
    stat = ImageStat.Stat(image)
    seen.append((image.mode, round(stat.mean[0], 2), *stat.extrema[0]))
    print(f"{name}, mode {image.mode}: ImageStat mean {seen[-1][1]}, extrema {seen[-1][2:]}; "
          f"true mean {pixels.mean():.2f}, getextrema {image.getextrema()}")
sys.exit(seen != [
    ("I;16", 110.0, 64, 156),
    ("I", 0, 255, 0),
    ("F", 127.03, 0, 255),
    ("F", 127.03, 0, 255),
    ("L", 200.0, 200, 200),
])
PYTHON
