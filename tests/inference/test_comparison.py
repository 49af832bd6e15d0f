"""Two photographs get a decision, a folder a ranking; an image that cannot be used costs no more
than itself.
"""

import shutil

import numpy as np
import photographs
import pytest
from PIL import Image

from siamese_lib.data import photos
from siamese_lib.data.images import decode_image
from siamese_lib.data.sample import SampleSource
from siamese_lib.inference import comparison, gallery, scorer
from siamese_lib.inference.verifier import Verifier
from siamese_lib.utils import machine


@pytest.fixture(scope="module")
def verifier():
    return Verifier.load(machine.project_root() / "models" / "lfwa_people.keras")


@pytest.fixture(scope="module")
def album(tmp_path_factory):
    """A folder with the astronaut twice, two people of the sample, a landscape, a text and what a
    system left behind.
    """
    folder = tmp_path_factory.mktemp("album")
    photographs.composition().save(folder / "wide.jpg", quality=90)
    photographs.two_people().save(folder / "two.png")
    photographs.landscape().save(folder / "hill.jpg")
    (folder / "notes.txt").write_text("no image")
    (folder / ".DS_Store").write_bytes(b"left behind")
    source = SampleSource()
    (folder / "others").mkdir()
    for name in source.names()[:20:10]:
        (folder / "others" / name.replace("/", "-")).write_bytes(source.read(name))
    return folder


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    path = tmp_path_factory.mktemp("probe") / "astronaut.png"
    photographs.astronaut().save(path)
    return path


def test_two_photographs_of_one_person_are_the_same_person(verifier, probe, album):
    score, notes = comparison.compare(verifier, [probe, album / "wide.jpg"])
    assert score > 0.9 and notes == []
    assert comparison.decision(score, verifier.settings["threshold"]) == "same person"
    assert comparison.compare(verifier, [album / "wide.jpg", probe])[0] == pytest.approx(
        score, abs=1e-4
    )


def test_two_photographs_of_two_people_score_less(verifier, probe, album):
    other = sorted((album / "others").iterdir())[0]
    score, _ = comparison.compare(verifier, [probe, other])
    assert comparison.decision(score, verifier.settings["threshold"]) == "different people"


def test_several_faces_are_told(verifier, probe, album):
    _, notes = comparison.compare(verifier, [probe, album / "two.png"])
    assert notes == [f"{album / 'two.png'}: 2 faces were found, the largest is taken"]


def test_an_aligned_photograph_is_what_aligned_images_are(verifier, probe, album, tmp_path):
    # The face that was found, saved and given as aligned, goes the way of LFW-a's images and scores
    # the same.
    faces = [photos.find_face(path.read_bytes(), path.name) for path in (probe, album / "wide.jpg")]
    for face, name in zip(faces, ("a.png", "b.png")):
        face.image.save(tmp_path / name)
    of_files, _ = comparison.compare(
        verifier, [tmp_path / "a.png", tmp_path / "b.png"], aligned=True
    )
    assert (
        of_files
        == comparison.compare(verifier, [probe, album / "wide.jpg"])[0]
        == comparison.score_faces(verifier, faces)
    )


def test_aligned_images_are_taken_as_they_are(verifier, probe, tmp_path, monkeypatch):
    other = tmp_path / "other.jpg"
    photographs.composition(size=(800, 800)).save(other)
    monkeypatch.setattr(scorer, "find_faces", lambda *_: pytest.fail("a face was sought"))
    score, _ = comparison.compare(verifier, [probe, other], aligned=True)
    inputs = [
        decode_image(path.read_bytes(), verifier.crop, verifier.image_size, "", verifier.frame)
        for path in (probe, other)
    ]
    embeddings = (verifier.embed(image[np.newaxis, ..., np.newaxis]) for image in inputs)
    # Two images in one batch or in two: the last digits differ.
    assert score == pytest.approx(float(verifier.score(*embeddings)[0]), abs=1e-5)


def test_a_network_of_another_frame_takes_no_photographs(verifier, probe):
    other = Verifier(verifier.network, verifier.settings | {"dataset": "lfw-funneled"})
    for function in (
        lambda: comparison.compare(other, [probe, probe]),
        lambda: comparison.rank_folder(other, probe, probe.parent),
        lambda: comparison.score_faces(other, []),
    ):
        with pytest.raises(
            ValueError, match=r"--aligned\. Received: a network trained on lfw-funneled"
        ):
            function()
    assert comparison.compare(other, [probe, probe], aligned=True)[0] > 0.5


def test_a_folder_is_ranked_and_what_cannot_be_used_is_skipped(verifier, probe, album):
    ranking = comparison.rank_folder(verifier, probe, album)
    assert [row["rank"] for row in ranking.rows] == [1, 2, 3, 4]
    assert {row["image"] for row in ranking.rows[:2]} == {"wide.jpg", "two.png"}
    scores = [row["score"] for row in ranking.rows]
    assert scores == sorted(scores, reverse=True)
    assert [row["decision"] for row in ranking.rows] == ["same person"] * 2 + [
        "different people"
    ] * 2
    assert ranking.notes == ["two.png: 2 faces were found, the largest is taken"]
    assert len(ranking.skipped) == 2
    assert ranking.skipped[0].startswith("hill.jpg: no face was found")
    assert ranking.skipped[1].startswith("notes.txt cannot be read as an image")


def test_an_image_is_embedded_once_until_its_file_changes(
    verifier, probe, album, tmp_path, monkeypatch
):
    embedded, embed = [], verifier.embed
    monkeypatch.setattr(
        verifier, "embed", lambda images: (embedded.append(len(images)), embed(images))[1]
    )
    shutil.copytree(album, tmp_path / "album")

    def ranking():
        embedded.clear()
        return comparison.rank_folder(verifier, probe, tmp_path / "album")

    first = ranking()
    assert sum(embedded) == 4 + 1  # the probe is always looked at
    assert ranking() == first and sum(embedded) == 1
    photographs.astronaut().save(tmp_path / "album" / "hill.jpg")
    assert len(ranking().rows) == 5 and sum(embedded) == 2
    (tmp_path / "album" / "two.png").unlink()
    assert len(ranking().rows) == 4 and sum(embedded) == 1


def test_another_network_does_not_take_the_embeddings_of_the_first(verifier, probe, album):
    first = comparison.rank_folder(verifier, probe, album)
    cropped = Verifier(verifier.network, verifier.settings | {"crop": [40, 220, 50, 200]})
    assert comparison.rank_folder(cropped, probe, album).rows != first.rows


def test_damaged_embeddings_are_computed_again(verifier, probe, album, monkeypatch, tmp_path):
    monkeypatch.setenv("SIAMESE_CACHE", str(tmp_path))
    first = comparison.rank_folder(verifier, probe, album)
    (kept,) = (tmp_path / "embeddings").iterdir()
    kept.write_bytes(kept.read_bytes()[:500])
    assert comparison.rank_folder(verifier, probe, album) == first


def test_the_ranking_has_the_scores_of_single_comparisons(verifier, probe, album):
    for row in comparison.rank_folder(verifier, probe, album, aligned=False).rows:
        score, _ = comparison.compare(verifier, [probe, album / row["image"]])
        assert row["score"] == pytest.approx(score, abs=1e-4)


def test_the_probe_is_not_found_in_its_own_folder(verifier, album, tmp_path):
    shutil.copy(album / "wide.jpg", tmp_path / "b.jpg")
    photographs.astronaut().save(tmp_path / "a.png")
    assert [
        row["image"] for row in comparison.rank_folder(verifier, tmp_path / "a.png", tmp_path).rows
    ] == ["b.jpg"]


def test_a_file_that_may_not_be_read_is_skipped(verifier, probe, album, tmp_path, monkeypatch):
    shutil.copytree(album, tmp_path / "album")
    read = gallery.read_file

    def refused(path):
        if path.name == "two.png":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    with monkeypatch.context() as patched:
        patched.setattr(gallery, "read_file", refused)
        ranking = comparison.rank_folder(verifier, probe, tmp_path / "album")
    assert (
        ranking.rows[0]["image"] == "wide.jpg"
        and "two.png cannot be read (Permission denied)" in ranking.skipped
    )
    # A right that was given later changes neither size nor time of the file.
    again = comparison.rank_folder(verifier, probe, tmp_path / "album")
    assert "two.png" in [row["image"] for row in again.rows]


def test_a_folder_without_a_usable_image_is_one_sentence(verifier, probe, tmp_path):
    with pytest.raises(ValueError, match=r"Received: an empty folder$"):
        comparison.rank_folder(verifier, probe, tmp_path)
    photographs.landscape().save(tmp_path / "hill.jpg")
    with pytest.raises(
        ValueError, match=r"Received: 1 files, the first: hill\.jpg: no face was found"
    ):
        comparison.rank_folder(verifier, probe, tmp_path)


def test_a_file_larger_than_any_image_is_not_read(verifier, probe, tmp_path, monkeypatch):
    monkeypatch.setattr(gallery, "MAX_MEMBER_BYTES", 1000)
    with pytest.raises(
        ValueError, match=r"astronaut\.png is too large for an image.*Received: \d+ bytes"
    ):
        comparison.compare(verifier, [probe, probe])


@pytest.fixture(scope="module")
def faces(verifier, probe, album, tmp_path_factory):
    """The faces of both photographs in LFW-a's frame, as 8-bit PNG files, and their score."""
    paths = [tmp_path_factory.mktemp("faces") / name for name in ("a.png", "b.png")]
    for path, photo in zip(paths, (probe, album / "wide.jpg")):
        photos.find_face(photo.read_bytes(), photo.name).image.save(path)
    score, notes = comparison.compare(verifier, paths, aligned=True)
    assert score > 0.9 and notes == []
    return paths, score


def turned(face):
    exif = Image.Exif()
    exif[0x0112] = 6
    return face.transpose(Image.Transpose.ROTATE_90), {"exif": exif}


@pytest.mark.parametrize(
    ("change", "suffix"),
    [
        pytest.param(lambda face: (face, {"quality": 95}), ".jpg", id="JPEG"),
        pytest.param(turned, ".png", id="turned by EXIF"),
        pytest.param(
            lambda face: (Image.fromarray(np.asarray(face) / np.float32(255)), {}),
            ".tif",
            id="floats from 0 to 1",
        ),
        pytest.param(
            lambda face: (Image.fromarray(np.asarray(face).astype(np.int32)), {}),
            ".tif",
            id="32-bit integers",
        ),
    ],
)
def test_an_aligned_face_scores_the_same_however_it_is_saved(
    verifier, faces, tmp_path, change, suffix
):
    (first, second), score = faces
    image, options = change(Image.open(first))
    image.save(tmp_path / f"a{suffix}", **options)
    changed, notes = comparison.compare(verifier, [tmp_path / f"a{suffix}", second], aligned=True)
    assert changed == pytest.approx(score, abs=0.01) and notes == []


@pytest.mark.parametrize("side", [224, 1000])
def test_an_aligned_face_scores_the_same_in_another_size_and_it_is_said(
    verifier, faces, tmp_path, side
):
    (first, second), score = faces
    Image.open(first).resize((side, side)).save(tmp_path / "a.png")
    changed, notes = comparison.compare(verifier, [tmp_path / "a.png", second], aligned=True)
    assert changed == pytest.approx(score, abs=0.02)
    (note,) = notes
    assert note.startswith("Images of another size than 250x250 pixels: 1 of 2")
    shutil.copy(second, tmp_path / "b.png")
    ranking = comparison.rank_folder(verifier, second, tmp_path, aligned=True)
    assert len(ranking.notes) == 1 and "1 of 3" in ranking.notes[0]


def test_an_aligned_image_of_another_shape_is_refused(verifier, faces, tmp_path):
    (first, second), _ = faces
    Image.open(first).resize((250, 300)).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"a\.png has another shape .*Received: 300x250 pixels"):
        comparison.compare(verifier, [tmp_path / "a.png", second], aligned=True)


def test_an_image_without_any_contrast_is_not_compared(verifier, faces, tmp_path):
    (_, second), _ = faces
    pixels = np.random.default_rng(0).integers(0, 256, (250, 250), dtype=np.uint8)
    top, bottom, left, right = verifier.crop
    pixels[top:bottom, left:right] = 128  # the border alone has a pattern
    Image.fromarray(pixels).save(tmp_path / "grey.png")
    with pytest.raises(ValueError, match=r"grey\.png shows nothing .*Received: the grey value 128"):
        comparison.compare(verifier, [tmp_path / "grey.png"] * 2, aligned=True)
    shutil.copy(second, tmp_path / "b.png")
    ranking = comparison.rank_folder(verifier, second, tmp_path, aligned=True)
    assert [row["image"] for row in ranking.rows] == ["b.png"]
    assert len(ranking.skipped) == 1 and ranking.skipped[0].startswith("grey.png shows nothing")
