#!/usr/bin/env bash
# scipy 1.17.1, numpy 2.4.6.
# Two images as files give them, uint8: scipy.spatial.distance.cosine can call quite different ones
# identical. cosine, euclidean, minkowski, cityblock and chebyshev compute in uint8, where sums,
# products and differences wrap at 256. sqeuclidean, correlation, canberra and braycurtis convert
# to float64 first, and so does cdist for every name: cdist(..., "cosine") is right where cosine
# is wrong, and euclidean is not the root of sqeuclidean. Of the five only cosine warns (NumPy's
# "overflow encountered in scalar multiply").
# Seen on 2026-11-27 (two random images of 500 pixels; the function on uint8, on float64, and cdist
# on uint8): cosine 0.0, 0.241, 0.241; euclidean 3288.9, 2344.1, 2344.1; cityblock 64042, 43252,
# 43252; chebyshev 255, 249, 249; sqeuclidean and correlation agree.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check scipy==1.17.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from scipy.spatial import distance

rng = np.random.default_rng(0)
left, right = (rng.integers(0, 256, 500).astype(np.uint8) for _ in range(2))
wrong = []
for name in (
    "cosine", "euclidean", "minkowski", "cityblock", "chebyshev",
    "sqeuclidean", "correlation", "canberra", "braycurtis",
):  # fmt: skip
    measure = getattr(distance, name)
    numbers = [
        float(measure(left, right)),
        float(measure(left.astype(float), right.astype(float))),
        float(distance.cdist([left], [right], name)[0, 0]),
    ]
    print(f"{name}: uint8 {numbers[0]:.4f}, float64 {numbers[1]:.4f}, cdist {numbers[2]:.4f}")
    if not np.isclose(numbers[1], numbers[2]):
        sys.exit(f"cdist of {name} differs")
    if not np.isclose(numbers[0], numbers[1]):
        wrong.append(name)
sys.exit(wrong != ["cosine", "euclidean", "minkowski", "cityblock", "chebyshev"])
PYTHON
