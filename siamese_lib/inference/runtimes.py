"""Exported networks in the runtimes that they were exported for, behind one interface.

Only a network's graph is executed: none of the three formats holds code.
"""

import importlib
import os
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

import numpy as np

# ONNX Runtime collects usage statistics by default
# (findings/onnxruntime_telemetry_on_linux.sh). This counts only before its import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

PACKAGES = {"onnx": "onnxruntime", "openvino": "openvino", "litert": "ai-edge-litert"}


class Network(Protocol):
    """A network that computes in float32."""

    def __call__(self, **arrays: np.ndarray) -> list[np.ndarray]:
        """The outputs for the inputs, each by its name."""


def open_network(path: Path, runtime: str) -> Network:
    """Opens an exported network.

    Args:
        path: its file.
        runtime: a key of `PACKAGES`.

    Raises:
        ValueError: if the runtime is not installed or cannot read the file.
    """
    module = _import(runtime)
    try:
        return _NETWORKS[runtime](module, path)
    except Exception as error:  # each runtime raises classes of its own
        package = PACKAGES[runtime]
        raise ValueError(
            f"{package} {metadata.version(package)} cannot read {path}; export the model again, or "
            f"install a newer {package}. Received: {' '.join(str(error).split())[:200]}"
        ) from error


def _import(runtime: str) -> Any:
    name = {"litert": "ai_edge_litert.interpreter"}.get(runtime, PACKAGES[runtime])
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ValueError(
            f"This model needs the package {PACKAGES[runtime]}: pip install {PACKAGES[runtime]}. "
            f"Received: {error}"
        ) from error


class _Onnx:
    def __init__(self, onnxruntime: Any, path: Path):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # its warnings are for those who build it
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, **arrays: np.ndarray) -> list[np.ndarray]:
        return self._session.run(None, arrays)


class _OpenVino:
    def __init__(self, openvino: Any, path: Path):
        # By default it computes in bfloat16 on processors that have it.
        settings = {"INFERENCE_PRECISION_HINT": "f32"}
        self._network = openvino.Core().compile_model(str(path), "CPU", settings)
        # Keras' cosine layer leaves a second output, a size; "Identity" are the function's own.
        self._outputs = [
            output
            for output in self._network.outputs
            if any(name.startswith("Identity") for name in output.get_names())
        ]

    def __call__(self, **arrays: np.ndarray) -> list[np.ndarray]:
        results = self._network(arrays)
        return [results[output] for output in self._outputs]


class _LiteRT:
    def __init__(self, interpreter: Any, path: Path):
        # The runner does not keep the interpreter alive, whose default is a single thread.
        self._interpreter = interpreter.Interpreter(str(path), num_threads=os.cpu_count())
        # Takes inputs by their names, of any batch size: the interpreter itself lists them in an
        # order of its own, and takes the size that it was given last.
        self._run = self._interpreter.get_signature_runner()

    def __call__(self, **arrays: np.ndarray) -> list[np.ndarray]:
        return [array.copy() for array in self._run(**arrays).values()]


_NETWORKS: dict[str, Callable[[Any, Path], Network]] = {
    "onnx": _Onnx,
    "openvino": _OpenVino,
    "litert": _LiteRT,
}
