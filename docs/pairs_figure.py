"""Draws docs/pairs.png: test pairs of the sample faces with their scores and decisions.

    python docs/pairs_figure.py [RUNS]

RUNS is the folder of runs; without a finished run in it, experiments/sample.yaml is trained first.
Each row shows two correct decisions and a wrong one, the most confident of their kind.
"""

import sys
from pathlib import Path

import pandas as pd

import siamese_lib as sl

project = Path(__file__).resolve().parents[1]
config = sl.ExperimentConfig.from_yaml(project / "experiments" / "sample.yaml")
run = sl.train(config, runs_dir=sys.argv[1] if sys.argv[1:] else project / "runs")
threshold = run.metrics["threshold"]

table = run.scores("test").assign(wrong=~run.correct("test"))
table["confidence"] = (table["score"] - threshold).abs()
table["person"] = table["left"].str.split("_").str[0]
table = table.sort_values("confidence", ascending=False)
table = table.drop_duplicates(["person", "label", "wrong"])
kinds = [(label, wrong, 1 if wrong else 2) for label in (1, 0) for wrong in (False, True)]
shown = pd.concat(
    table[(table["label"] == label) & (table["wrong"] == wrong)].head(count)
    for label, wrong, count in kinds
)

cache = sl.data.open_cache(sl.load_dataset("sample"), config.crop, (112, 92))
faces = shown[["left", "right"]].map(sl.data.parse_face)
figure = sl.plots.pair_gallery(
    [cache[list(pair)] for pair in faces.itertuples(index=False)],
    [
        f"{'' if row.wrong else 'correct:  '}the network says "
        f"{sl.data.CLASS_NAMES[int(row.score >= threshold)]} ({row.score:.1%})"
        for row in shown.itertuples()
    ],
    list(shown["wrong"]),
    f"AT&T sample faces, compact network: six test pairs, threshold {threshold:.2f}\n"
    "top row: same person; bottom row: different people; nobody here was in training",
)
figure.savefig(project / "docs" / "pairs.png", dpi=110)
