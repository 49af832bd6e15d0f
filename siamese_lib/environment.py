"""The machine a run happens on: Colab, Drive, Kaggle, folders, seeds, versions."""

import importlib.metadata
import os
import platform
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

# Where Colab shows Google Drive and Kaggle its data. The two variables put other folders in their place.
DRIVE = Path(os.environ.get("SIAMESE_DRIVE") or "/content/drive/MyDrive")
KAGGLE_INPUT = Path(os.environ.get("SIAMESE_KAGGLE_INPUT") or "/kaggle/input")
# Where course copies of LFW-a are kept on Drive; each may be a folder or an archive.
DRIVE_FOLDERS = ("datasets/lfw2", "datasets/lfwa", "datasets/lfw", "lfw2", "lfwa")


def project_root():
    """The folder that holds `experiments/`: the clone that this library was imported from, else the current folder."""
    clone = Path(__file__).resolve().parent.parent
    return clone if (clone / "experiments").is_dir() else Path.cwd()


def project_path(path):
    """`path` itself if it is absolute or exists from here, else below the project: notebooks start in various folders."""
    path = Path(path).expanduser()
    return path if path.is_absolute() or path.exists() else project_root() / path


def cache_root():
    """The folder for caches: `SIAMESE_CACHE`, else the user's cache folder. Local disk on Colab, never Drive."""
    import platformdirs

    return Path(os.environ.get("SIAMESE_CACHE") or platformdirs.user_cache_dir("siamese_lib"))


def in_colab():
    """Whether this Python runs on Google Colab."""
    return "google.colab" in sys.modules or "COLAB_RELEASE_TAG" in os.environ


def lfwa_candidates():
    """Where LFW-a is looked for when no `data_root` is given: the project, Colab's Drive, Kaggle's input.

    Returns:
        A list of paths that exist, best first.
    """
    kaggle = sorted(folder for folder in KAGGLE_INPUT.iterdir() if "lfw" in folder.name.lower()) if KAGGLE_INPUT.is_dir() else []
    return _existing([project_root() / "lfwa", *(DRIVE / folder for folder in DRIVE_FOLDERS)]) + kaggle


def omniglot_candidates():
    """The same for Omniglot, of which there is a download too: the project, Colab's Drive."""
    return _existing([project_root() / "omniglot", DRIVE / "datasets" / "omniglot", DRIVE / "omniglot"])


def _existing(stems):
    """The archives and folders of these names; an archive before the folder of the same name: of the two on Drive, it is the fast one."""
    from siamese_lib.archives import ARCHIVE_SUFFIXES

    candidates = [Path(f"{stem}{suffix}") for stem in stems for suffix in (*ARCHIVE_SUFFIXES, "")]
    return [path for path in candidates if path.exists()]


def start_notebook(mount=False):
    """What every notebook begins with: Drive if it is asked for, and one line of versions."""
    if mount:
        mount_drive()
    names = ("tensorflow", "keras", "numpy")
    packages = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    print(f"Python {platform.python_version()}, {packages}, {os.cpu_count()} CPU cores")


def mount_drive():
    """Mounts Google Drive on Colab, if it is not mounted yet and if there is someone to give permission.

    Returns:
        Whether Drive is there.

    Raises:
        FileNotFoundError: if Colab was asked and did not mount it: whoever asks for Drive would lose without it what they keep there.
    """
    if drive_is_mounted():
        print(f"Google Drive is mounted: {DRIVE}")
        return True
    if not in_colab() or not someone_answers():
        print("Google Drive is not mounted, since this is no Colab session that someone looks at: it goes on without Drive.")
        return False
    # Found only on Colab. It asks the page for permission before it looks whether Drive is mounted, and waits two minutes.
    from google.colab import drive

    print("Google Drive: Colab asks for permission in a window of its own ...", flush=True)
    try:
        drive.mount(str(DRIVE.parent))
    except Exception as error:  # a refusal, an answer that does not come and a failed mount have no class in common
        raise FileNotFoundError(
            "Google Drive was not mounted; run this cell again, or go on without Drive (mount_drive = False). "
            f"Received: {type(error).__name__}: {error}"
        ) from error
    return drive_is_mounted()


def drive_is_mounted():
    """Whether Google Drive can be read."""
    try:
        return DRIVE.is_dir()
    except OSError:  # "Transport endpoint is not connected": the program behind the folder has died
        return False


def someone_answers():
    """Whether a person can answer a question: in a notebook on a screen; not where papermill, nbclient or nbval executes it."""
    from IPython import get_ipython

    # With each cell the kernel is told whether the other side takes questions. Colab's page does: input() works there.
    takes_questions = getattr(getattr(get_ipython(), "kernel", None), "_allow_stdin", False)
    return takes_questions and not os.environ.get("SIAMESE_HEADLESS")


@contextmanager
def headless():
    """Tells the processes that are started inside, by SIAMESE_HEADLESS, that nobody is there to answer a question."""
    before = os.environ.get("SIAMESE_HEADLESS")
    os.environ["SIAMESE_HEADLESS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["SIAMESE_HEADLESS"]
        else:
            os.environ["SIAMESE_HEADLESS"] = before


def seed_everything(seed):
    """Seeds Python, NumPy and TensorFlow and makes TensorFlow choose deterministic kernels."""
    from siamese_lib.backend import keras, tf

    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def has_bfloat16():
    """Whether the hardware multiplies bfloat16 faster than float32: CPUs with avx512_bf16 or amx_bf16, GPUs from Ampere on."""
    from siamese_lib.backend import tf

    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        return all(tf.config.experimental.get_device_details(gpu).get("compute_capability", (0, 0)) >= (8, 0) for gpu in gpus)
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def policy_of(mixed_precision):
    """Keras' name for a value of `ExperimentConfig.mixed_precision` on this machine: "float32", "mixed_bfloat16" or "mixed_float16"."""
    if mixed_precision == "auto":
        from siamese_lib.backend import tf

        gpu = bool(tf.config.list_physical_devices("GPU"))
        mixed_precision = "bfloat16" if has_bfloat16() else "float16" if gpu else "float32"
    return "float32" if mixed_precision == "float32" else f"mixed_{mixed_precision}"


def set_precision(mixed_precision):
    """Sets Keras' policy to `policy_of(mixed_precision)` and returns its name."""
    from siamese_lib.backend import keras

    policy = policy_of(mixed_precision)
    keras.config.set_dtype_policy(policy)
    return policy


def versions():
    """What a result depends on beside its config: packages, Python, machine, and the date in UTC."""
    packages = ("tensorflow", "keras", "numpy", "pillow", "scikit-learn", "pandas")
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in packages},
        "machine": {"system": platform.system(), "cpu": _cpu_name(), "num_cpus": os.cpu_count(), "gpus": _gpu_names()},
    }


def _cpu_name():
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _gpu_names():
    # Asked only if TensorFlow is there already: loading it takes seconds.
    if "tensorflow" not in sys.modules:
        return []
    tf = sys.modules["tensorflow"]
    gpus = tf.config.list_physical_devices("GPU")
    return [tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus]
