#!/usr/bin/env bash
# usearch 2.26.6, numpy 2.4.6.
# A gallery of two people is asked for the five nearest, a dozen probes at once. usearch fills the
# missing places of `keys` with 0, the key of the first person of any gallery that is numbered from
# 0, and those of `distances` with NaN. Code that looks up names by `keys` shows the first person
# four times; a vote among the five nearest always elects them. Asked with one probe alone, the same
# index answers with two keys, as one expects. Only `counts` tells how many places hold an answer.
# Also, nothing but the processor decides in which precision the vectors are kept: bf16 where it has
# instructions for it, otherwise f16 or f32, and `search(exact=True)` compares the rounded vectors.
# Seen on 2026-11-30: the keys of a probe next to person 1 are 1, 0, 0, 0, 0, of 12 probes alike;
# alone 1, 0. On a processor with avx512_bf16 the default is bf16, and 2 of 1,000 exact answers
# differ from those of f32.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check usearch==2.26.6 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from usearch.index import Index

random = np.random.default_rng(0)
people = random.normal(size=(2, 64)).astype("float32")
gallery = Index(ndim=64, metric="cos", dtype="f32")
gallery.add(np.arange(2), people)
probes = np.repeat(people[1:], 12, axis=0) + 0.1 * random.normal(size=(12, 64)).astype("float32")
together, alone = gallery.search(probes, 5), gallery.search(probes[0], 5)
print("keys of the first of 12 probes:", together.keys[0].tolist(), "counts:", together.counts[0])
print("their distances:", together.distances[0].round(2).tolist())
print("keys of the same probe alone:", alone.keys.tolist())
votes = [np.bincount(keys).argmax() for keys in together.keys.astype(int)]
print("the vote of the five nearest elects person", *set(map(int, votes)))

people = random.normal(size=(200, 64)).repeat(5, axis=0)
faces, others = (people + 0.6 * random.normal(size=(1000, 64)) for _ in range(2))
best = {}
for kind in ("", "f32"):  # "" is the default
    index = Index(ndim=64, metric="cos", dtype=kind)
    index.add(np.arange(1000), faces.astype("float32"))
    best[kind] = index.search(others.astype("float32"), 1, exact=True).keys[:, 0]
    print(f"dtype {kind or 'by default'}: {index.dtype}")
print("exact answers that differ from those of f32:", int((best[""] != best["f32"]).sum()))

filled = (together.keys == [1, 0, 0, 0, 0]).all() and np.isnan(together.distances[:, 2:]).all()
sys.exit(not (filled and set(votes) == {0} and alone.keys.tolist() == [1, 0]))
PYTHON
