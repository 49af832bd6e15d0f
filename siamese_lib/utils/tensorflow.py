"""TensorFlow and Keras, imported in one place, with Keras' default settings and without messages.

`from siamese_lib.utils.tensorflow import keras, tf`. The import takes seconds; only modules that
need networks do it.

Keras reads settings of the user from `keras.json` and from variables `KERAS_*`. They are replaced
by Keras' defaults: the numbers of a run do not depend on them.
"""

import os
import sys
from contextlib import contextmanager

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# By default TensorFlow uses oneDNN only with AVX-512; with AVX2 it is up to 1.7 times faster too.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
# The runs of a sweep share a GPU; by default, the first process takes all of its memory.
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
# Keras looks at these two only when it is imported; they come before keras.json.
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["KERAS_NNX_ENABLED"] = "false"
# tf.keras, which the face detector uses, is Keras 3 too.
os.environ["TF_USE_LEGACY_KERAS"] = "0"


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


@contextmanager
def _without_unused_packages():
    # Keras 3.15 also imports these, if they are installed, for its wrappers of scikit-learn, its
    # plots and inputs of DataFrames: a third of the time of the import. Commands use none of that;
    # in a user's own program Keras must find them.
    names = ("sklearn", "matplotlib", "pandas") if _is_command() else ()
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # an ImportError
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


def _is_command():
    """Whether this process is `python -m siamese_lib`."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return spec is not None and spec.name == "siamese_lib.__main__"


def _set_defaults():
    if keras.config.backend() != "tensorflow":
        raise ValueError(
            "Keras was imported with another backend before siamese_lib; start Python or the "
            "notebook's kernel again and import siamese_lib's networks first. "
            f"Received: the backend {keras.config.backend()}"
        )
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_max_epochs(None)
    keras.config.set_max_steps_per_epoch(None)


with _silent_start(), _without_unused_packages():
    try:
        import keras
    except (ValueError, AttributeError) as error:
        raise ValueError(
            "Keras cannot be imported with your settings; correct or delete keras.json (in the "
            "folder KERAS_HOME, by default ~/.keras) and the variables KERAS_*. "
            f"Received: {error}"
        ) from error
    _set_defaults()
    import tensorflow as tf

    # The first operation writes a message too.
    tf.zeros(())

__all__ = ["keras", "tf"]
