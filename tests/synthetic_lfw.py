"""A small LFW with drawn faces instead of photographs: folders, file names and lists of LFW."""

import itertools
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SIDE = 250  # LFW-a's images are 250x250
TRAIN_PEOPLE = tuple(
    f"{name}_Example"
    for name in ("Ada", "Ben", "Cleo", "Dov", "Edda", "Finn", "Gil", "Hana", "Ivo", "Jun")
)
TEST_PEOPLE = tuple(f"{name}_van_Sample" for name in ("Kai", "Lea", "Max", "Nia"))
NUM_SAME_PER_PERSON = 3


def images_of(person):
    """The number of images of a person: 3 or 4."""
    return 3 + (TRAIN_PEOPLE + TEST_PEOPLE).index(person) % 2


def drawn_face(person, number):
    """A grey Pillow image; the person decides the geometry, person and number the noise."""
    index = (TRAIN_PEOPLE + TEST_PEOPLE).index(person)
    geometry = np.random.default_rng(index)
    width, height = geometry.integers(50, 85), geometry.integers(75, 105)
    eye_gap, eye_size, mouth = (
        geometry.integers(18, 38),
        geometry.integers(5, 13),
        geometry.integers(12, 35),
    )
    skin, background = int(geometry.integers(110, 220)), int(geometry.integers(20, 90))
    noise = np.random.default_rng([index, number])
    x, y = 125 + noise.integers(-6, 7), 125 + noise.integers(-6, 7)
    image = Image.new("L", (SIDE, SIDE), background)
    draw = ImageDraw.Draw(image)
    draw.ellipse((x - width, y - height, x + width, y + height), fill=skin)
    for side in (-1, 1):
        eye = x + side * eye_gap
        draw.ellipse(
            (eye - eye_size, y - 30 - eye_size, eye + eye_size, y - 30 + eye_size), fill=20
        )
    draw.ellipse((x - mouth, y + 40, x + mouth, y + 52), fill=60)
    pixels = (
        np.asarray(image, dtype=float) + noise.normal(0, 8, (SIDE, SIDE)) + noise.integers(-15, 16)
    )
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def pair_list(people):
    """The text of a View 1 pair list; each connected component has two people."""
    same, different = [], []
    for first, second in zip(people[::2], people[1::2]):
        for person in (first, second):
            same += [f"{person}\t{left}\t{right}" for left, right in ((1, 2), (1, 3), (2, 3))]
        crossed = itertools.product((1, 2, 3), repeat=2)
        different += [
            f"{first}\t{left}\t{second}\t{right}"
            for left, right in itertools.islice(crossed, 2 * NUM_SAME_PER_PERSON)
        ]
    return "\n".join([str(len(same)), *same, *different]) + "\n"


def people_list(people):
    """The text of a people list of LFW: a count, then lines `PERSON NUMBER-OF-IMAGES`."""
    return (
        "\n".join([str(len(people)), *(f"{person}\t{images_of(person)}" for person in people)])
        + "\n"
    )


def write_lists(folder, with_people=True):
    """Writes the View 1 lists into a folder."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for side, people in (("Train", TRAIN_PEOPLE), ("Test", TEST_PEOPLE)):
        (folder / f"pairsDev{side}.txt").write_text(pair_list(people), encoding="utf-8")
        if with_people:
            (folder / f"peopleDev{side}.txt").write_text(people_list(people), encoding="utf-8")


def write_images(folder, draw=drawn_face):
    """Writes PERSON/PERSON_0001.jpg and so on into a folder."""
    for person in TRAIN_PEOPLE + TEST_PEOPLE:
        for number in range(1, images_of(person) + 1):
            path = Path(folder) / person / f"{person}_{number:04d}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            draw(person, number).save(path, quality=80)


def tiny_image(person, number):
    """An 8x8 image, for tests of names and folders."""
    return Image.new("L", (8, 8), (7 * len(person) + 31 * number) % 256)
