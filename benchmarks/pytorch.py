"""Training steps against PyTorch's on the same machine, in turns.

`python -m venv TORCH && TORCH/bin/pip install torch numpy`, then
`python -m benchmarks.pytorch TORCH/bin/python --data-root LFW`
"""

import argparse
import subprocess

import numpy as np

from benchmarks.alternating import alternate, ratio_row, row
from benchmarks.scoring import floating_point_operations, multiplications
from benchmarks.table import save_rows
from benchmarks.trainings import Trainer
from siamese_lib.config import ExperimentConfig
from siamese_lib.data.load import load_dataset
from siamese_lib.utils.machine import project_root

TURNS = 7
# Network, experiment, steps in a turn and bar.
NETWORKS = (("compact", "lfwa_people", 20, 1.5), ("reference", "lfwa_reference", 3, 1.1))
IMAGES = 64  # in a step: the compact network's batch, and both sides of the reference's 32 pairs
PASSES = 3  # the backward pass takes twice the products of the forward pass


def main():
    """Times both networks and replaces their rows in results.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pytorch", description=__doc__)
    parser.add_argument("python", help="an interpreter with PyTorch")
    parser.add_argument("--data-root", required=True, help="folder or archive of LFW-a")
    options = parser.parse_args()
    script = project_root() / "benchmarks" / "pytorch_step.py"
    torch = subprocess.Popen(
        [options.python, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    version = subprocess.check_output(
        [options.python, "-c", "import torch; print(torch.__version__)"], text=True
    ).strip()
    dataset, rows = load_dataset("lfwa", options.data_root), []
    for name, experiment, steps, bar in NETWORKS:
        path = project_root() / "experiments" / f"{experiment}.yaml"
        trainer = Trainer(ExperimentConfig.from_yaml(path, {"mixed_precision": "float32"}), dataset)
        batch, encoder = trainer.next_batch(), trainer.learner.get_layer("encoder")
        operations = 2 * PASSES * IMAGES * multiplications(encoder)

        def in_torch(name=name, steps=steps):
            print(name, steps, file=torch.stdin, flush=True)
            torch.stdout.readline()

        def in_project(learner=trainer.learner, batch=batch, steps=steps):
            for _ in range(steps):
                learner.train_on_batch(*batch)

        in_torch()
        in_project()
        ceilings, seconds = [], ([], [])
        for _ in range(TURNS):
            ceilings.append(floating_point_operations("float32"))
            for kept, new in zip(seconds, alternate(in_torch, in_project, turns=1)):
                kept += new
        fast = np.array(seconds[1]) / steps
        note = f"{1000 * np.median(fast):.0f} ms a step, float32; PyTorch {version}, eager"
        what = f"{name} network, training step against PyTorch"
        rows.append(ratio_row(what, seconds, bar, note=note))
        shares = operations / fast / np.array(ceilings)
        of_ceiling = f"{name} network, training step, share of the machine's matrix product"
        rows.append(row(of_ceiling, shares.tolist(), "of the ceiling"))
        print(*rows[-2:], sep="\n", flush=True)
    torch.stdin.close()
    save_rows(rows)


if __name__ == "__main__":
    main()
