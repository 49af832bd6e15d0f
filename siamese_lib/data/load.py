"""Loads a dataset by its name: the sample, LFW-a, LFW-funneled, Omniglot, a folder of pictures.

A dataset is read from `data_root`, else from a usual place on this machine. LFW-funneled and
Omniglot are downloaded if they are not found: over TLS, with checksums, from the first of two hosts
that delivers.
"""

import textwrap
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pooch
from filelock import FileLock

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.face_dataset import FaceDataset
from siamese_lib.data.folder import load_folder
from siamese_lib.data.lfw import layout_rank, load_lfw
from siamese_lib.data.omniglot import load_omniglot
from siamese_lib.data.sample import load_sample
from siamese_lib.data.sources import ARCHIVE_SUFFIXES
from siamese_lib.utils import machine

# Where copies of LFW-a and Omniglot are kept on Drive; each may be a folder or an archive.
DRIVE_FOLDERS = ("datasets/lfw2", "datasets/lfwa", "datasets/lfw", "lfw2", "lfwa")
OMNIGLOT_DRIVE_FOLDERS = ("datasets/omniglot", "omniglot")

# LFW's own site is gone. These are the copies on figshare that scikit-learn reads too. The second
# host rejects programs more often (403, or an empty 202). The lists come first: if no host
# delivers, that shows before 230 MB have been downloaded.
FIGSHARE = ("https://api.figshare.com/v2/file/download/", "https://ndownloader.figshare.com/files/")
GITHUB = (
    "https://github.com/brendenlake/omniglot/raw/master/python/",
    "https://raw.githubusercontent.com/brendenlake/omniglot/master/python/",
)
HOSTS = {"lfw-funneled": FIGSHARE, "omniglot": GITHUB}
# By dataset and file: the end of the file's address, which follows the host, and the sha256.
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
        "all_runs.zip": (
            "one-shot-classification/all_runs.zip",
            "437c1eeab0af8484112e1b4cc0f3d541ec727f7c47b9b202da738af9dfd6c325",
        ),
    },
}
# What to do if the download fails, by dataset.
BRING = {
    "lfw-funneled": "or bring LFW-a (dataset 'lfwa', its folder or archive as data_root)",
    "omniglot": "or bring its two archives and give their folder as data_root",
}
RETRIES = 2  # per host and file, after one second, then after two
# Seconds until a host answers, and seconds without a byte after that; a slow download may last
# longer.
TIMEOUT = (10, 60)
LOOPBACK = ("127.0.0.1", "::1")  # the only hosts without TLS: the tests' own server


def load_dataset(
    dataset: ExperimentConfig | str, data_root: Path | str | None = None
) -> FaceDataset:
    """Finds a dataset's images and lists, or downloads them.

    Args:
        dataset: an experiment, or a dataset's name: "sample", "lfwa", "lfw-funneled", "omniglot" or
            "folder".
        data_root: the folder or archive. Without it, the usual places are searched; LFW-funneled
            and Omniglot are downloaded.

    Raises:
        FileNotFoundError: if the images or the lists are not found.
        ValueError: if the lists are wrong or share people.
    """
    if isinstance(dataset, str):
        dataset = ExperimentConfig(experiment="dataset", dataset=dataset)  # type: ignore[arg-type]
    name = dataset.dataset
    if name == "sample":
        if data_root:
            raise ValueError(
                "The sample faces are part of the project and take no data root; leave it out, or "
                f"give an experiment with other data. Received: {data_root}"
            )
        return load_sample()
    root = machine.user_path(data_root) if data_root else _usual_place(name)
    if name == "folder":
        return load_folder(dataset, root)
    return load_omniglot(root) if name == "omniglot" else load_lfw(name, root, dataset.fold)


def _usual_place(name):
    """A copy of the dataset on this machine, which is downloaded if there is none."""
    if name == "folder":
        raise FileNotFoundError(
            "A folder of pictures has no usual place; give it as data_root (on the command line "
            "--data-root). Received: no data_root"
        )
    if name == "lfwa":
        candidates = lfwa_candidates()
        if not candidates:
            raise FileNotFoundError(
                "LFW-a was not found in lfwa/, on Drive or in Kaggle's input; give its folder or "
                "archive as data_root (on the command line --data-root). Received: no data_root"
            )
        return candidates[0]
    candidates = _existing("omniglot", OMNIGLOT_DRIVE_FOLDERS) if name == "omniglot" else []
    return candidates[0] if candidates else fetch(name, machine.cache_root() / "downloads")


def lfwa_candidates() -> list[Path]:
    """Copies of LFW-a, the preferred one first: in the project, on Drive, in Kaggle's input."""
    patterns = ("*[lL][fF][wW]*", "datasets/*/*[lL][fF][wW]*")  # the second since 2025
    on_kaggle = [path for each in patterns for path in sorted(machine.KAGGLE_INPUT.glob(each))]
    candidates = _existing("lfwa", DRIVE_FOLDERS) + sorted(on_kaggle, key=layout_rank)
    # The sort is stable: a place without images and archives comes last, wherever it is.
    return sorted(candidates, key=lambda path: layout_rank(path) == 2)


def _existing(project_folder, drive_folders):
    """The folders, and archives of the same names, that exist in the project and on Drive.

    An archive comes before the folder with its name, since it is copied faster from Drive.
    """
    folders = [machine.project_root() / project_folder]
    folders += [machine.DRIVE / folder for folder in drive_folders]
    candidates = [Path(f"{path}{suffix}") for path in folders for suffix in (*ARCHIVE_SUFFIXES, "")]
    return [path for path in candidates if path.exists()]


def fetch(dataset: str, folder: Path | str) -> Path:
    """Downloads a dataset; files with the correct checksum are not downloaded again.

    Args:
        dataset: "lfw-funneled" (images and the pair lists of View 1) or "omniglot".
        folder: the folder for downloads; the files are put into a subfolder with the dataset's
            name.

    Returns:
        The subfolder, which is a `data_root` for `load_dataset`.

    Raises:
        FileNotFoundError: if no host delivers one of the files.
        ValueError: if one of `HOSTS` is neither reached over TLS nor on this machine.
    """
    for host in HOSTS[dataset]:
        _check_url(host)
    folder = Path(folder) / dataset
    folder.mkdir(parents=True, exist_ok=True)
    # Of two processes that start together, the second waits and then finds the files.
    with FileLock(f"{folder}.lock"):
        # pooch removes its temporary file after a failure, but a killed process leaves it.
        for remains in folder.glob("tmp*"):
            remains.unlink()
        for name in FILES[dataset]:
            _fetch_file(dataset, name, folder)
    return folder


def _fetch_file(dataset, name, folder):
    """Downloads one file with pooch, which gives it its name once the checksum is correct."""
    address, sha256 = FILES[dataset][name]
    for host in HOSTS[dataset]:
        store = pooch.create(
            folder,
            host,
            registry={name: f"sha256:{sha256}"},
            urls={name: host + address},
            retry_if_failed=RETRIES,
        )
        try:
            store.fetch(name, downloader=_download)
            return
        except (ValueError, OSError) as error:  # OSError: requests' errors, a full disk
            failure = error
    reason = textwrap.shorten(str(failure), 200, placeholder=" ...")
    hosts = " or ".join(urlsplit(host).hostname for host in HOSTS[dataset])
    raise FileNotFoundError(
        f"{name} of {dataset} could not be downloaded to {folder} from {hosts}; try again later, "
        f"{BRING[dataset]}. Received: {reason}"
    ) from failure


def _download(url, output_file, store):
    """Downloads a URL for pooch, whose own downloader accepts every 2xx answer and redirect."""
    download = pooch.HTTPDownloader(
        progressbar=True, chunk_size=2**16, timeout=TIMEOUT, hooks={"response": _check_answer}
    )
    download(url, output_file, store)
    if not Path(output_file).stat().st_size:
        raise ValueError(f"{url} answered with an empty body")


def _check_answer(response, **_):
    """Checks each answer of requests before its body is read or its redirect is followed."""
    if response.is_redirect:
        _check_url(urljoin(response.url, response.headers["location"]))
    elif response.status_code != 200:
        raise ValueError(f"{response.url} answered {response.status_code} {response.reason}")


def _check_url(url):
    parts = urlsplit(url)
    if parts.scheme != "https" and (parts.scheme != "http" or parts.hostname not in LOOPBACK):
        raise ValueError(
            f"Downloads come by https, or by http from this machine itself, and not from {url}"
        )
