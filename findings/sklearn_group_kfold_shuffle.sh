#!/usr/bin/env bash
# scikit-learn 1.9.1, numpy 2.4.6.
# GroupKFold says of itself: "The folds are approximately balanced in the sense that the number of
# samples is approximately the same in each test fold when `shuffle` is True." It is the other way
# round: without shuffle the groups are laid into the folds by size, with shuffle=True by their
# number alone. With people as groups, and as few people with many pictures as LFW has, one
# shuffled fold can be more than ten times as large as another.
# Seen on 2026-11-27: 110 people, ten of them with 53 to 530 pictures, the others with 3; five folds
# hold 530, 308, 306, 305, 307 pictures without shuffle, and 316, 485, 773, 66, 116 with
# shuffle=True and random_state=0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check scikit-learn==1.9.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from sklearn.model_selection import GroupKFold

pictures = np.r_[[530, 236, 144, 121, 109, 77, 71, 60, 55, 53], np.full(100, 3)]
people = np.repeat(np.arange(110), pictures)


def sizes(**options):
    folds = [len(test) for _, test in GroupKFold(5, **options).split(people, groups=people)]
    print(f"GroupKFold(5, {options}): {folds}")
    return folds


text = " ".join(GroupKFold.__doc__.split())
promise = "approximately the same in each test fold when `shuffle` is True" in text
print("the docstring promises balance with shuffle:", promise)
shuffled = [sizes(shuffle=True, random_state=seed) for seed in range(3)]
plain = sizes()
# One person has 530 pictures; the other four folds are as even as they can be.
balanced = max(plain) == 530 and sorted(plain)[3] - min(plain) <= 3
sys.exit(not (promise and balanced and all(max(s) > 4 * min(s) for s in shuffled)))
PYTHON
