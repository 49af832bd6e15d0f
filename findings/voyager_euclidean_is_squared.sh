#!/usr/bin/env bash
# voyager 2.2.3, numpy 2.4.6.
# voyager.Space.Euclidean documents its distance as the square root of the sum of the squared
# differences. `query` and `get_distance` return that sum itself. A threshold on the Euclidean
# distance of face embeddings, as 1.1 for unit vectors, then accepts everything up to a distance of
# 1.05 instead, and a rejected pair seems much farther away; the order of the neighbours is right.
# For unit vectors the two agree at 0 and 1 alone, so a first look at near copies shows nothing.
# Seen on 2026-11-30: (0, 0) and (3, 4) have the distance 25.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check voyager==2.2.3 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import voyager

origin, point = np.zeros(2, "float32"), np.array([3, 4], "float32")
index = voyager.Index(voyager.Space.Euclidean, num_dimensions=2)
index.add_item(origin)
_, (queried,) = index.query(point, k=1)
between = index.get_distance(origin, point)
documented = " ".join(voyager.Space.Euclidean.__doc__.split())
print(documented)
print(f"(0, 0) and (3, 4): query {queried}, get_distance {between}, NumPy", np.hypot(3, 4))
sys.exit(not ("square root" in documented and queried == between == 25))
PYTHON
