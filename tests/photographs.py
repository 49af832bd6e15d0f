"""Photographs for tests, made from the portrait in scikit-image; some of them show nobody."""

import io

import numpy as np
from PIL import Image, ImageEnhance
from skimage import data


def astronaut():
    """A photograph of a person, 512x512, in colour (NASA, public domain)."""
    return Image.fromarray(data.astronaut())


def composition(scale=1.3, position=(500, 60), size=(1200, 800), brightness=1.2):
    """A wide photograph with the astronaut: larger, brighter, away from the centre."""
    person = astronaut()
    person = ImageEnhance.Brightness(
        person.resize([round(scale * side) for side in person.size])
    ).enhance(brightness)
    photo = Image.new("RGB", size, (90, 110, 130))
    photo.paste(person, position)
    return photo


def two_people():
    """The astronaut twice, half as large on the right."""
    photo = composition(1.0, (0, 0), (900, 512), 1.0)
    photo.paste(astronaut().resize((256, 256)), (600, 100))
    return photo


def landscape():
    """A sky that brightens towards a horizon, and rough ground below it."""
    rows = np.linspace(220, 60, 300)[:, np.newaxis, np.newaxis] * np.array([0.7, 0.85, 1.0])
    noise = (
        np.random.default_rng(0).normal(0, 1, (300, 450, 3))
        * np.linspace(2, 30, 300)[:, np.newaxis, np.newaxis]
    )
    return Image.fromarray((rows + noise).clip(0, 255).astype(np.uint8))


def encoded(image, kind="PNG", **options):
    """The bytes of a Pillow image in a file format."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()
