"""The process of a sweep that trains its runs one after another, started by `engines`.

Folders of runs come on standard input, one a line. Each is answered by a line of JSON on standard
output, `{"error": null}` or an error of the user in one sentence. Any other error ends the process.
"""

import gc
import json
import os
import queue
import sys
import threading
from pathlib import Path

from siamese_lib.training.fit import continue_run
from siamese_lib.utils.tensorflow import keras
from siamese_lib.utils.text import error_sentence


def train_runs(data_root: Path | str | None) -> None:
    """Trains the runs that standard input names, until it ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    folders: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(folders,), daemon=True).start()
    while True:
        error = None
        try:
            continue_run(folders.get(), data_root, wait=True)
        except (ValueError, OSError) as invalid:
            error = error_sentence(invalid)
        # The next run starts as in a new process: layers are numbered from 0 again.
        keras.utils.clear_session()
        gc.collect()
        print(json.dumps({"error": error}), file=answers, flush=True)


def _read(folders: "queue.SimpleQueue[str]") -> None:
    """Passes on each line. Ends the process when the sweep ends, however: it closes this pipe."""
    # Not by sys.stdin: Python aborts at its end while a thread waits in there.
    rest = b""
    while read := os.read(sys.stdin.fileno(), 1 << 16):
        *lines, rest = (rest + read).split(b"\n")
        for line in lines:
            folders.put(line.decode("utf-8"))
    os._exit(1)
