"""A small Omniglot with generated strokes: folders and file names of Omniglot, 4 drawers.

The images have 105x105 pixels of one bit; each alphabet has 20 characters.
"""

import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SIDE, NUM_CHARACTERS, NUM_DRAWERS = 105, 20, 4
ALPHABETS = {
    "images_background": ("Ash_(Runes)", "Birch", "Cedar"),
    "images_evaluation": ("Elm", "Fir"),
}


def drawing(alphabet, character, drawer):
    """A Pillow image; alphabet and character decide the strokes, the drawer varies them."""
    names = [name for alphabets in ALPHABETS.values() for name in alphabets]
    own = [names.index(alphabet), character]
    points = np.random.default_rng(own).uniform(20, 85, (5, 2)) + np.random.default_rng(
        [*own, drawer]
    ).normal(0, 2, (5, 2))
    image = Image.new("1", (SIDE, SIDE), 1)
    ImageDraw.Draw(image).line([tuple(point) for point in points], fill=0, width=3)
    return image


def write_drawings(folder):
    """Writes images_background/ALPHABET/character01/0001_01.png and so on into a folder."""
    number = 0
    for half, alphabets in ALPHABETS.items():
        for alphabet in alphabets:
            for character in range(1, NUM_CHARACTERS + 1):
                number += 1
                own = Path(folder) / half / alphabet / f"character{character:02d}"
                own.mkdir(parents=True)
                for drawer in range(1, NUM_DRAWERS + 1):
                    drawing(alphabet, character, drawer).save(
                        own / f"{number:04d}_{drawer:02d}.png"
                    )


def packed_as_two(folder, target):
    """A folder with images_background.zip and images_evaluation.zip, as they are published."""
    target.mkdir()
    for half in ALPHABETS:
        with zipfile.ZipFile(target / f"{half}.zip", "w") as archive:
            for path in sorted((folder / half).rglob("*.png")):
                archive.write(path, path.relative_to(folder))
    return target


def packed_as_one(folder, target):
    """One compressed tar archive of both halves."""
    with tarfile.open(target, "w:xz") as archive:
        for half in ALPHABETS:
            archive.add(folder / half, half)
    return target
