"""`find` in a folder of photographs, a second time against the first.

`python -m benchmarks.finding`
"""

import shutil
import tempfile
from pathlib import Path

from benchmarks.alternating import row
from benchmarks.builds import photographs, run
from benchmarks.table import save_rows
from siamese_lib.utils.machine import project_root

TURNS, NUM_PHOTOGRAPHS = 3, 1_000


def main():
    """Times `find` twice in each of several new folders and replaces the rows in results.json."""
    turns = []
    for _ in range(TURNS):
        work = Path(tempfile.mkdtemp())
        try:
            probe, *_ = photographs(work / "photos", NUM_PHOTOGRAPHS)
            arguments = ["siamese_lib", "find", probe, str(work / "photos")]
            turns.append([run(project_root(), arguments, work) for _ in range(2)])
        finally:
            shutil.rmtree(work)
        print(turns[-1], flush=True)
    save_rows(
        [
            row(
                f"find in {NUM_PHOTOGRAPHS:,} photographs, second time, {kind} time",
                [again[index] / first[index] for first, again in turns],
                "of the first time's",
                0.1,
                f"{turns[-1][0][index]:.1f} s, then {turns[-1][1][index]:.1f} s",
                at_most=True,
            )
            for index, kind in enumerate(("wall", "CPU"))
        ]
    )


if __name__ == "__main__":
    main()
