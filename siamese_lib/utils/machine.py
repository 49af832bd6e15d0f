"""This machine: folders, Colab and Drive, seeds, precision, versions."""

import importlib.metadata
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# Colab's folder of Google Drive and Kaggle's folder of data; the two variables replace them.
DRIVE = Path(os.environ.get("SIAMESE_DRIVE") or "/content/drive/MyDrive")
KAGGLE_INPUT = Path(os.environ.get("SIAMESE_KAGGLE_INPUT") or "/kaggle/input")


def project_root() -> Path:
    """The folder with `experiments/`: the clone with this library, else the current folder."""
    clone = Path(__file__).resolve().parents[2]
    return clone if (clone / "experiments").is_dir() else Path.cwd()


def user_path(path: Path | str) -> Path:
    """A path that a user gave, with `~` replaced by the home folder.

    Raises:
        ValueError: if the path begins with `~NAME` and there is no such user.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise ValueError(
            f"There is no home folder of this user; write the path out. Received: {path}"
        ) from error


def project_path(path: Path | str) -> Path:
    """`path` if it is absolute or exists from here, else below the project.

    Notebooks start in various folders.
    """
    path = user_path(path)
    return path if path.is_absolute() or path.exists() else project_root() / path


def published_model(experiment: str = "lfwa_people") -> Path:
    """The file of a published network; by default the best one for photos."""
    return project_root() / "models" / f"{experiment}.keras"


def cache_root() -> Path:
    """The folder of caches: the variable `SIAMESE_CACHE`, else the user's cache folder."""
    import platformdirs

    return Path(os.environ.get("SIAMESE_CACHE") or platformdirs.user_cache_dir("siamese_lib"))


def num_usable_cores() -> int:
    """The number of processor cores that this process may use; a container may have a share."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_colab() -> bool:
    """Whether this Python runs on Google Colab."""
    return "google.colab" in sys.modules or "COLAB_RELEASE_TAG" in os.environ


def drive_is_mounted() -> bool:
    """Whether Google Drive can be read."""
    try:
        return DRIVE.is_dir()
    except OSError:  # "Transport endpoint is not connected": the program behind the folder has died
        return False


def seed_everything(seed: int) -> None:
    """Seeds Python, NumPy and TensorFlow, and makes TensorFlow's kernels deterministic."""
    from siamese_lib.utils.tensorflow import keras, tf

    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def has_bfloat16() -> bool:
    """Whether the hardware multiplies bfloat16 faster than float32.

    That is the case for CPUs with amx_bf16, for AMD's with avx512_bf16, and for GPUs from Ampere
    on. On Intel's with avx512_bf16 alone, TensorFlow 2.21 trains more slowly (docs/log.md).
    """
    from siamese_lib.utils.tensorflow import tf

    if gpus := tf.config.list_physical_devices("GPU"):
        details = map(tf.config.experimental.get_device_details, gpus)
        return all(gpu.get("compute_capability", (0, 0)) >= (8, 0) for gpu in details)
    try:
        cpu = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "amx_bf16" in cpu or ("AuthenticAMD" in cpu and "avx512_bf16" in cpu)


def policy_of(mixed_precision: str) -> str:
    """Keras' policy for `ExperimentConfig.mixed_precision` on this machine.

    Returns:
        "float32", "mixed_bfloat16" or "mixed_float16".
    """
    if mixed_precision == "auto":
        from siamese_lib.utils.tensorflow import tf

        gpu = bool(tf.config.list_physical_devices("GPU"))
        mixed_precision = "bfloat16" if has_bfloat16() else "float16" if gpu else "float32"
    return "float32" if mixed_precision == "float32" else f"mixed_{mixed_precision}"


def set_precision(mixed_precision: str) -> str:
    """Sets Keras' policy to `policy_of(mixed_precision)` and returns its name."""
    from siamese_lib.utils.tensorflow import keras

    policy = policy_of(mixed_precision)
    keras.config.set_dtype_policy(policy)
    return policy


def versions() -> dict[str, Any]:
    """The versions of packages and Python, the machine, and the date in UTC."""
    packages = ("tensorflow", "keras", "numpy", "pillow", "scikit-learn", "pandas")
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in packages},
        "machine": {
            "system": platform.system(),
            "cpu": _cpu_name(),
            "num_cpus": os.cpu_count(),
            "gpus": _gpu_names(),
        },
    }


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _gpu_names() -> list[str]:
    # Only if TensorFlow is loaded already: loading it takes seconds.
    if "tensorflow" not in sys.modules:
        return []
    tf = sys.modules["tensorflow"]
    gpus = tf.config.list_physical_devices("GPU")
    return [
        tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus
    ]
