"""The download of what has a public home: over TLS, with checksums, from the first of two hosts that delivers.

Where images come from: the sample, LFW-a, LFW-funneled, Omniglot; found on this machine or downloaded.
"""

import textwrap
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pooch
from filelock import FileLock

from siamese_lib.data.lfw import LIST_NAMES, face_files, load_lfw, with_lists
from siamese_lib.data.omniglot import load_omniglot
from siamese_lib.utils.machine import DRIVE, KAGGLE_INPUT, cache_root, project_root

# Where course copies of LFW-a are kept on Drive; each may be a folder or an archive.
DRIVE_FOLDERS = ("datasets/lfw2", "datasets/lfwa", "datasets/lfw", "lfw2", "lfwa")


def lfwa_candidates():
    """Where LFW-a is looked for when no `data_root` is given: the project, Colab's Drive, Kaggle's input.

    Returns:
        A list of paths that exist, best first.
    """
    kaggle = (
        sorted(folder for folder in KAGGLE_INPUT.iterdir() if "lfw" in folder.name.lower())
        if KAGGLE_INPUT.is_dir()
        else []
    )
    return (
        _existing([project_root() / "lfwa", *(DRIVE / folder for folder in DRIVE_FOLDERS)]) + kaggle
    )


def omniglot_candidates():
    """The same for Omniglot, of which there is a download too: the project, Colab's Drive."""
    return _existing(
        [project_root() / "omniglot", DRIVE / "datasets" / "omniglot", DRIVE / "omniglot"]
    )


def _existing(stems):
    """The archives and folders of these names; an archive before the folder of the same name: of the two on Drive, it is the fast one."""
    from siamese_lib.data.sources import ARCHIVE_SUFFIXES

    candidates = [Path(f"{stem}{suffix}") for stem in stems for suffix in (*ARCHIVE_SUFFIXES, "")]
    return [path for path in candidates if path.exists()]


# LFW's own site is gone; these are the copies on figshare that scikit-learn reads too. In this order for each file; programs are reported
# to be refused (403, or an empty 202) more often by the second. The lists come first: if no host delivers, it shows before 230 MB have
# gone by.
FIGSHARE = ("https://api.figshare.com/v2/file/download/", "https://ndownloader.figshare.com/files/")
GITHUB = (
    "https://github.com/brendenlake/omniglot/raw/master/python/",
    "https://raw.githubusercontent.com/brendenlake/omniglot/master/python/",
)
HOSTS = {"lfw-funneled": FIGSHARE, "omniglot": GITHUB}
# By dataset and name: what stands behind the host in the file's address, and the sha256.
FILES = {
    "lfw-funneled": {
        "pairsDevTrain.txt": (
            "5976012",
            "1d454dada7dfeca0e7eab6f65dc4e97a6312d44cf142207be28d688be92aabfa",
        ),
        "pairsDevTest.txt": (
            "5976009",
            "7cb06600ea8b2814ac26e946201cdb304296262aad67d046a16a7ec85d0ff87c",
        ),
        "lfw-funneled.tgz": (
            "5976015",
            "b47c8422c8cded889dc5a13418c4bc2abbda121092b3533a83306f90d900100a",
        ),
    },
    "omniglot": {
        "images_background.zip": (
            "images_background.zip",
            "ad41ab679c8b5d90b271ef46be6987cc81211774a695c29dcc5367b2b26ee640",
        ),
        "images_evaluation.zip": (
            "images_evaluation.zip",
            "1f61a8f3366785b057fc117d9228e78a16e3d976c8953b2a10fcc74cf0609cee",
        ),
    },
}
BRING = {
    "lfw-funneled": "or bring LFW-a (dataset 'lfwa', its folder or archive as data_root)",
    "omniglot": "or bring its two archives and give their folder as data_root",
}
RETRIES = 2  # a host and file, after one second, then after two
TIMEOUT = (
    10,
    60,
)  # seconds until a host answers the call, and without a byte from then on; a slow server may take as long as it wants
LOOPBACK = ("127.0.0.1", "::1")  # where the tests' own server is: the only hosts that need no TLS


def fetch(dataset, folder):
    """Downloads a dataset; what is there already with the right checksum is not fetched again.

    Args:
        dataset: "lfw-funneled", images and View 1 pair lists, or "omniglot".
        folder: where downloads are kept; the files go into a subfolder with the dataset's name.

    Returns:
        The `Path` of that subfolder, as `load_dataset` wants its `data_root`.

    Raises:
        FileNotFoundError: if a file is not there and none of the hosts delivers it.
        ValueError: if one of `HOSTS` is neither reached by TLS nor on this machine.
    """
    for host in HOSTS[dataset]:
        _check_url(host)
    folder = Path(folder) / dataset
    folder.mkdir(parents=True, exist_ok=True)
    # Of two processes that start together the second waits, instead of fetching everything once more.
    with FileLock(f"{folder}.lock"):
        # pooch tidies up after every failure, but not after a kill, which may leave 230 MB under a name of tempfile's.
        for remains in folder.glob("tmp*"):
            remains.unlink()
        for name in FILES[dataset]:
            _fetch(dataset, name, folder)
    return folder


def _fetch(dataset, name, folder):
    """Has pooch fetch one file into a temporary one beside it, which takes the name when its checksum is right."""
    place, sha256 = FILES[dataset][name]
    for host in HOSTS[dataset]:
        store = pooch.create(
            folder,
            host,
            registry={name: f"sha256:{sha256}"},
            urls={name: host + place},
            retry_if_failed=RETRIES,
        )
        try:
            store.fetch(name, downloader=_download)
            return
        except (
            ValueError,
            OSError,
        ) as error:  # OSError: what requests raises, and a full or a read-only disk
            failure = error
    reason = textwrap.shorten(str(failure), 200, placeholder=" ...")
    hosts = " or ".join(urlsplit(host).hostname for host in HOSTS[dataset])
    raise FileNotFoundError(
        f"{name} of {dataset} could not be downloaded to {folder} from {hosts}; try again later, {BRING[dataset]}. Received: {reason}"
    ) from failure


def _download(url, output_file, store):
    """What pooch calls to fetch `url`: its own downloader, which alone would take any 2xx answer for the file."""
    fetch = pooch.HTTPDownloader(
        progressbar=True, chunk_size=2**16, timeout=TIMEOUT, hooks={"response": _check_answer}
    )
    fetch(url, output_file, store)
    if not Path(output_file).stat().st_size:
        raise ValueError(f"{url} answered with an empty body")


def _check_answer(response, **_):
    """Called by requests with each answer before its body is read or its redirection followed."""
    if response.is_redirect:
        _check_url(urljoin(response.url, response.headers["location"]))
    elif response.status_code != 200:
        raise ValueError(f"{response.url} answered {response.status_code} {response.reason}")


def _check_url(url):
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ValueError(
            f"Downloads come by https, or by http from this machine itself, and not from {url}"
        )


SAMPLE_LISTS = Path(__file__).parent / "sample_lists"
SAMPLE_FRAME = (0, 112, 0, 92)  # the face fills the image


def load_dataset(name, data_root=None):
    """Finds a dataset's images and lists.

    Args:
        name: "sample", "lfwa", "lfw-funneled" or "omniglot".
        data_root: folder or archive; without it the usual places are searched, and what has a public home is downloaded.

    Returns:
        A `FaceDataset`.

    Raises:
        FileNotFoundError: if the images or the lists are not found.
        ValueError: if the lists are wrong or share people.
    """
    if name == "sample":
        return _sample()
    if name == "omniglot":
        return load_omniglot(
            _root(data_root) or next(iter(omniglot_candidates()), None) or _downloaded(name)
        )
    if name == "lfw-funneled":
        return load_lfw(name, _root(data_root) or _downloaded(name))
    if name == "lfwa":
        return load_lfw(name, _root(data_root) or _found_lfwa())
    raise ValueError(
        f"The dataset is 'sample', 'lfwa', 'lfw-funneled' or 'omniglot'. Received: {name!r}"
    )


def _sample():
    # Reading the sample needs nothing but the wheel; its lists are fixed files of this package.
    from siamese_lib.data.sample import SampleSource

    source = SampleSource()
    lists = {part: (SAMPLE_LISTS / names[0]).read_bytes() for part, names in LIST_NAMES.items()}
    look = {"frame": SAMPLE_FRAME, "face_box": SAMPLE_FRAME, "faces_may_be_shown": True}
    return with_lists("sample", source, face_files(source), lists, {}, SAMPLE_LISTS, look)


def _root(data_root):
    return Path(data_root).expanduser() if data_root else None


def _downloaded(name):
    pass

    return fetch(name, cache_root() / "downloads")


def _found_lfwa():
    candidates = lfwa_candidates()
    if not candidates:
        raise FileNotFoundError(
            "LFW-a was not found in lfwa/, on Drive or in Kaggle's input; give its folder or archive as data_root "
            "(on the command line --data-root). Received: no data_root"
        )
    return candidates[0]
