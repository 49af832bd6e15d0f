"""TensorFlow and Keras, imported in one place and without TensorFlow's start-up notes.

`from siamese_lib.utils.tensorflow import keras, tf`. Importing this room takes seconds; only rooms that hold networks do it.
"""

import os
import sys
from contextlib import contextmanager

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# TensorFlow uses oneDNN's convolutions by itself only where the processor has AVX-512; with AVX2 they train up to 1.7 times faster too.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


@contextmanager
def _silent_start():
    # TensorFlow 2.21 writes its notes before it reads TF_CPP_MIN_LOG_LEVEL, straight to the process' error stream.
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


with _silent_start():
    import keras
    import tensorflow as tf

    # The first operation brings a note of its own.
    tf.zeros(())

__all__ = ["keras", "tf"]
