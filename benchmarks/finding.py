"""`find` in a folder of photographs, a second time against the first.

`python -m benchmarks.finding`
"""

import shutil
import tempfile
from pathlib import Path

from benchmarks.builds import photographs, run, share_rows
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
    name = f"find in {NUM_PHOTOGRAPHS:,} photographs, second time"
    save_rows(share_rows(name, turns, "of the first time's", 0.1))


if __name__ == "__main__":
    main()
