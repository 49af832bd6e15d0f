"""Training steps against PyTorch's on the same machine, in turns.

`python -m venv TORCH && TORCH/bin/pip install torch numpy`, then
`python -m benchmarks.pytorch TORCH/bin/python --data-root LFW`
"""

import argparse
import subprocess
import time

import numpy as np

from benchmarks.alternating import alternate, ratio_row, row
from benchmarks.table import save_rows
from benchmarks.trainings import Trainer
from siamese_lib.config import ExperimentConfig
from siamese_lib.data.load import load_dataset
from siamese_lib.utils.machine import project_root
from siamese_lib.utils.tensorflow import tf

TURNS = 5
# Network, experiment, steps in a turn, bar, and the operations of a step (2 for each product and
# sum; the backward pass takes twice the forward pass).
NETWORKS = (
    ("compact", "lfwa_people", 20, 1.5, 28e9),
    ("reference", "lfwa_reference", 3, 1.1, 349e9),
)


def matrix_product():
    """Operations a second of this machine's product of two matrices of 2,048 x 2,048, float32."""
    left, right = (tf.random.normal((2048, 2048)) for _ in range(2))
    tf.matmul(left, right)
    started = time.perf_counter()
    for _ in range(10):
        tf.matmul(left, right).numpy()
    return 10 * 2 * 2048**3 / (time.perf_counter() - started)


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
    for name, experiment, steps, bar, operations in NETWORKS:
        path = project_root() / "experiments" / f"{experiment}.yaml"
        trainer = Trainer(ExperimentConfig.from_yaml(path, {"mixed_precision": "float32"}), dataset)

        def in_torch(name=name, steps=steps):
            print(name, steps, file=torch.stdin, flush=True)
            torch.stdout.readline()

        def in_project(trainer=trainer, steps=steps):
            trainer.steps(steps)

        in_torch()
        in_project()
        ceilings, seconds = [], ([], [])
        for _ in range(TURNS):
            ceilings.append(matrix_product())
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
