"""TensorFlow's import: Keras' own settings, whatever a user's files and variables say."""

import json
import os
import subprocess
import sys

import pytest

SETTINGS = {
    "image_data_format": "channels_first",
    "floatx": "float16",
    "epsilon": 0.01,
    "backend": "torch",
    "nnx_enabled": True,
}
VARIABLES = {
    "KERAS_BACKEND": "torch",
    "KERAS_NNX_ENABLED": "true",
    "KERAS_MAX_EPOCHS": "1",
    "KERAS_MAX_STEPS_PER_EPOCH": "1",
    "TF_USE_LEGACY_KERAS": "1",
}
SHOW = """
from siamese_lib.utils.tensorflow import keras, tf
import json
names = "backend image_data_format floatx epsilon is_nnx_enabled max_epochs max_steps_per_epoch"
values = [getattr(keras.config, name)() for name in names.split()]
print(json.dumps([*values, tf.keras.version() == keras.version()]))
"""
# As if Keras had been imported with PyTorch, which need not be installed.
OTHER_BACKEND = """
import sys, types
config = types.SimpleNamespace(backend=lambda: "torch")
sys.modules["keras"] = types.SimpleNamespace(config=config)
import siamese_lib.utils.tensorflow
"""


@pytest.fixture
def python(tmp_path):
    """Runs code in a fresh process, with a `keras.json` and variables."""

    def run(*arguments, settings=SETTINGS, **variables):
        (tmp_path / "keras.json").write_text(json.dumps(settings))
        return subprocess.run(
            [sys.executable, *arguments],
            env=os.environ | variables | {"KERAS_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
        )

    return run


def test_settings_of_the_user_do_not_reach_the_networks(python):
    ended = python("-c", SHOW, **VARIABLES)
    defaults = ["tensorflow", "channels_last", "float32", 1e-7, False, None, None, True]
    assert json.loads(ended.stdout) == defaults


def test_settings_that_keras_cannot_read_are_one_sentence_and_exit_code_two(python):
    for settings in ({"floatx": "float17"}, ["a list"]):
        ended = python(
            *("-m", "siamese_lib", "summary", "--config", "experiments/sample.yaml"),
            settings=settings,
        )
        (line,) = ended.stderr.splitlines()
        assert ended.returncode == 2 and "keras.json" in line and "Received: " in line


def test_keras_with_another_backend_is_one_sentence(python):
    last = python("-c", OTHER_BACKEND).stderr.splitlines()[-1]
    assert last.startswith("ValueError: Keras was imported with another backend")
    assert last.endswith("Received: the backend torch")
