"""A small Omniglot of drawn strokes: its folders and file names, 105x105 images of one bit, 20 characters an alphabet, 4 drawers."""

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
    """A Pillow image: the strokes follow from alphabet and character, their unsteadiness from the drawer too."""
    names = [name for part in ALPHABETS.values() for name in part]
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
    for part, alphabets in ALPHABETS.items():
        for alphabet in alphabets:
            for character in range(1, NUM_CHARACTERS + 1):
                number += 1
                place = Path(folder) / part / alphabet / f"character{character:02d}"
                place.mkdir(parents=True)
                for drawer in range(1, NUM_DRAWERS + 1):
                    drawing(alphabet, character, drawer).save(
                        place / f"{number:04d}_{drawer:02d}.png"
                    )


def packed_like_the_public_home(folder, target):
    """images_background.zip and images_evaluation.zip in a folder of their own."""
    target.mkdir()
    for part in ALPHABETS:
        with zipfile.ZipFile(target / f"{part}.zip", "w") as archive:
            for path in sorted((folder / part).rglob("*.png")):
                archive.write(path, path.relative_to(folder))
    return target


def packed_as_one(folder, target):
    """One compressed tar archive of both parts."""
    with tarfile.open(target, "w:xz") as archive:
        for part in ALPHABETS:
            archive.add(folder / part, part)
    return target
