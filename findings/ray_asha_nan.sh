#!/usr/bin/env bash
# ray 2.60.0 (extra "tune"), numpy 2.4.6.
# ASHAScheduler stops trials that are worse than the others at a milestone. A trial whose loss has
# become NaN is never stopped: "NaN is below the cutoff" is false, at each milestone. The diverged
# network gets the longest training of all, while mediocre ones that work are stopped after the
# first epoch. The scheduler says nothing of it.
# Seen on 2026-11-27: losses 0.1, 0.2, 0.3, NaN, 0.4, one trial after the other, max_t=9,
# reduction_factor=3. They train 9, 1, 1, 9, 1 epochs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check "ray[tune]==2.60.0" numpy==2.4.6
export RAY_USAGE_STATS_ENABLED=0 RAY_TMPDIR="$folder" STORAGE="$folder/results"
"$folder/venv/bin/python" - <<'PYTHON'
import math
import os
import sys

import ray
from ray import tune
from ray.tune.schedulers import ASHAScheduler


def train(config):
    for _ in range(9):
        tune.report({"loss": config["loss"]})


ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
losses = [0.1, 0.2, 0.3, math.nan, 0.4]
scheduler = ASHAScheduler(max_t=9, grace_period=1, reduction_factor=3)
results = tune.Tuner(
    train,
    param_space={"loss": tune.grid_search(losses)},
    tune_config=tune.TuneConfig(
        metric="loss", mode="min", scheduler=scheduler, max_concurrent_trials=1
    ),
    run_config=tune.RunConfig(storage_path=os.environ["STORAGE"], verbose=0),
).fit()
epochs = [result.metrics["training_iteration"] for result in results]
print("losses", losses, "epochs trained", epochs)
sys.exit(epochs != [9, 1, 1, 9, 1])
PYTHON
