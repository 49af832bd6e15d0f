"""TensorFlow and Keras, imported in one place and without TensorFlow's start-up messages.

`from siamese_lib.utils.tensorflow import keras, tf`. The import takes seconds; only modules that
need networks do it.
"""

import os
import sys
from contextlib import contextmanager

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# By default TensorFlow uses oneDNN only with AVX-512; with AVX2 it is up to 1.7 times faster too.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


@contextmanager
def _silent_start():
    # TensorFlow 2.21 writes messages to file descriptor 2 before it reads TF_CPP_MIN_LOG_LEVEL.
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

    # The first operation writes a message too.
    tf.zeros(())

__all__ = ["keras", "tf"]
