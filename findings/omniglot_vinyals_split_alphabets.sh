#!/usr/bin/env bash
# torchmeta 1.8.0 (the wheel alone; its lists of the "Vinyals split", which it uses by default).
# Omniglot comes in two parts: 30 background alphabets to learn from, 20 evaluation alphabets to
# test with. The split that most papers on few-shot learning use has other borders: it counts
# characters, 1200 to learn from and 423 to test with. Its training part holds eight of the twenty
# evaluation alphabets, and the border runs through an alphabet: of Gurmukhi 41 characters are for
# training and 4 for testing. A network trained on that split is therefore no fair entrant for
# one-shot trials on images_evaluation, and the split's own test is not one of new alphabets alone.
# Seen on 2026-11-27: train 25 background and 8 evaluation alphabets (1028 characters), val 5 and 0
# (172), test 0 and 13 (423); 236 training characters are from images_evaluation.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps torchmeta==1.8.0
"$folder/venv/bin/python" - "$folder/venv" <<'PYTHON'
import json
import sys
from pathlib import Path

lists = next(Path(sys.argv[1]).rglob("torchmeta/datasets/assets/omniglot"))
parts = ("train", "val", "test")
split = {part: json.loads((lists / f"{part}.json").read_text()) for part in parts}
seen = {}
for part, halves in split.items():
    characters = {half: sum(map(len, alphabets.values())) for half, alphabets in halves.items()}
    seen[part] = [(len(halves[half]), characters[half]) for half in ("background", "evaluation")]
    print(f"{part}: background, evaluation (alphabets, characters): {seen[part]}")
train, test = split["train"]["evaluation"], split["test"]["evaluation"]
divided = {name: (len(train[name]), len(test[name])) for name in train.keys() & test.keys()}
print("evaluation alphabets in train:", ", ".join(sorted(train)))
print("in train and in test (characters):", divided)
sys.exit(
    [seen["train"][1], seen["test"][1]] != [(8, 236), (13, 423)]
    or sum(n for part in seen for _, n in seen[part]) != 1623
    or divided != {"Gurmukhi": (41, 4)}
)
PYTHON
