#!/usr/bin/env bash
# scikit-learn 1.9.1, scipy 1.17.1, numpy 2.4.6.
# An embedding behind a ReLU can be all zero. For the distance of such an embedding from another
# one scikit-learn has two answers: cosine_distances, which compares all with all, says 1.0, and
# paired_cosine_distances, which compares pairs in order and documents "the cosine distances", says
# 0.5, as if the similarity were 0.5. A distance's threshold between the two (a common place) calls
# the pair different in one and the same person in the other. For all other embeddings the two
# agree; scipy's cdist says nan.
# Seen on 2026-11-27: zero against (1, 2, 3): 1.0, 0.5, nan. (3, 2, 1) against (1, 2, 3): 0.2857 for
# all three.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check \
  scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys

from scipy.spatial.distance import cdist
from sklearn.metrics.pairwise import cosine_distances, paired_cosine_distances

known = [[1.0, 2.0, 3.0]]
seen = []
for query in ([[0.0, 0.0, 0.0]], [[3.0, 2.0, 1.0]]):
    numbers = (
        cosine_distances(query, known)[0, 0],
        paired_cosine_distances(query, known)[0],
        cdist(query, known, "cosine")[0, 0],
    )
    seen.append([f"{number:.4f}" for number in numbers])
    print(f"{query[0]}: cosine_distances, paired_cosine_distances, cdist: {seen[-1]}")
sys.exit(seen != [["1.0000", "0.5000", "nan"], ["0.2857", "0.2857", "0.2857"]])
PYTHON
