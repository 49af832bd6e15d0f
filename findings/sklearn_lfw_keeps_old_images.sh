#!/usr/bin/env bash
# scikit-learn 1.9.1, pillow 13.0.0, numpy 2.4.6.
# Whoever has LFW aligned by other means (LFW-a, say) puts these pictures where scikit-learn keeps
# its own, lfw_home/lfw_funneled, under the same names, for fetch_lfw_people and fetch_lfw_pairs to
# read them. If either was called before with the same arguments, it goes on returning the pictures
# of before, without a word: the arrays are kept in lfw_home/joblib, and what is compared are the
# arguments, not the files. So "before and after alignment" is the same numbers twice. The pair
# lists are kept likewise. Removing lfw_home/joblib helps, another `resize` or `slice_` does too.
# Seen on 2026-12-01, with drawn pictures in place of faces: grey value 50, then 200 in the files;
# both functions return 50/255 = 0.196 before and after; without the folder joblib 0.784.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check \
  scikit-learn==1.9.1 pillow==13.0.0 numpy==2.4.6
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import pathlib
import shutil
import sys

from PIL import Image
from sklearn.datasets import fetch_lfw_pairs, fetch_lfw_people

home = pathlib.Path(sys.argv[1], "data")
lfw = home / "lfw_home"


def write(grey):
    """Two pictures of each of two people."""
    for person in ("Drawn_One", "Drawn_Two"):
        pictures = lfw / "lfw_funneled" / person
        pictures.mkdir(parents=True, exist_ok=True)
        for number in (1, 2):
            image = Image.new("RGB", (250, 250), (grey, grey, grey))
            image.save(pictures / f"{person}_{number:04d}.jpg", quality=95)


def read():
    """The mean pixel value of the people's and of the pairs' pictures."""
    people = fetch_lfw_people(data_home=home, download_if_missing=False).images.mean()
    pairs = fetch_lfw_pairs(data_home=home, download_if_missing=False).pairs.mean()
    return round(float(people), 3), round(float(pairs), 3)


write(50)
for name in ("pairsDevTrain.txt", "pairsDevTest.txt", "pairs.txt"):
    (lfw / name).write_text("1\nDrawn_One\t1\t2\nDrawn_One\t1\tDrawn_Two\t2\n")
before = read()
write(200)
after = read()
shutil.rmtree(lfw / "joblib")
removed = read()
print("files of grey 50:", before, "of grey 200:", after, "without the folder joblib:", removed)
sys.exit([before, after, removed] != [(0.196, 0.196), (0.196, 0.196), (0.784, 0.784)])
PYTHON
