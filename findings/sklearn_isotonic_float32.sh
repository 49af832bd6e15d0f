#!/usr/bin/env bash
# scikit-learn 1.9.1, numpy 2.4.6.
# IsotonicRegression, which calibrates scores to probabilities, looks at their order alone, so it
# should not matter how large they are. It takes scores for equal, though, if they differ by less
# than 1e-6 in float32 (1e-15 in float64): an absolute step, not one of the type, whose own steps
# are a million times finer for small numbers. A network's probabilities are float32, and those of
# different people easily lie below 1e-6: they become one score, with one calibrated probability.
# No warning; .astype("float64") before fit is enough.
# Seen on 2026-11-27: 1000 scores between 1e-9 and 9e-7, the upper half the same person, all 1000
# different in float32. Fitted in float64 the probabilities are 0 and 1, as they should be; in
# float32 all are 0.5. The same float32 scores times 100000 give 0 and 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check scikit-learn==1.9.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from sklearn.isotonic import IsotonicRegression

scores = np.linspace(1e-9, 9e-7, 1000, dtype=np.float32)
labels = np.arange(1000) >= 500


def calibrated(name, scores):
    model = IsotonicRegression(out_of_bounds="clip").fit(scores, labels)
    found = np.unique(model.predict(scores)).tolist()
    print(f"{name}: {len(np.unique(scores))} different scores, probabilities {found}")
    return found


seen = [
    calibrated("float32", scores),
    calibrated("float64", scores.astype(np.float64)),
    calibrated("float32, times 100000", scores * np.float32(100000)),
]
sys.exit(seen != [[0.5], [0.0, 1.0], [0.0, 1.0]])
PYTHON
