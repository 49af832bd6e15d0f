"""Occlusion, background and neighbours, with a verifier that looks at one corner only."""

from types import SimpleNamespace

import numpy as np
import pytest

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.cache import FaceCache
from siamese_lib.data.pairs import Face, Pair, PairList
from siamese_lib.inference import explain, neighbours, scored
from siamese_lib.inference.verifier import Verifier
from siamese_lib.models.networks import build_model
from siamese_lib.training.run import Run

HEIGHT, WIDTH = 40, 32
CORNER = (slice(0, 12), slice(0, 12))


class CornerVerifier(Verifier):
    """Scores two images by their upper left corners alone."""

    def __init__(self):
        pass

    def embed(self, images):
        return np.asarray(images, dtype=np.float32)[:, *CORNER, 0].reshape(len(images), -1)

    def score(self, left, right):
        return 1 / (1 + np.exp(-(4 - np.abs(left - right).mean(axis=1) / 10)))


def draw_images(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, HEIGHT, WIDTH, 1)).astype(np.uint8)


def test_only_what_the_network_looks_at_lights_up():
    left = draw_images(1)[0]
    left_map, right_map = explain.occlusion_maps(CornerVerifier(), left, left.copy())
    for one in (left_map, right_map):
        assert one.shape == (HEIGHT, WIDTH)
        # Two equal corners speak for the same person; covering one of them lowers the score.
        assert one[4, 4] > 1 and np.abs(one[20:, :]).max() == pytest.approx(0, abs=1e-5)


def test_what_differs_speaks_against_the_same_person():
    left, right = (
        np.full((HEIGHT, WIDTH, 1), 128, np.uint8),
        np.full((HEIGHT, WIDTH, 1), 128, np.uint8),
    )
    left[CORNER], right[CORNER] = 158, 98
    left_map, _ = explain.occlusion_maps(CornerVerifier(), left, right)
    assert left_map[4, 4] < -0.5 and np.abs(left_map[24:, :]).max() < 0.01


def test_the_face_is_the_ellipse_in_its_box():
    dataset = SimpleNamespace(frame=(0, 100, 0, 100), face_box=(20, 80, 30, 70))
    mask = explain.face_mask(dataset, None, (50, 50))
    assert (
        mask[25, 25] and not mask[5, 25] and not mask[11, 16]
    )  # the box's corner is outside the ellipse
    assert mask.mean() == pytest.approx(np.pi / 4 * 0.6 * 0.4, abs=0.01)
    tight = explain.face_mask(dataset, (20, 80, 30, 70), (60, 40))
    assert tight.mean() == pytest.approx(np.pi / 4, abs=0.01)


def two_people():
    faces = [Face("Ada", 1), Face("Ada", 2), Face("Ben", 1), Face("Ben", 2)]
    images = draw_images(4, seed=1)
    images[1][CORNER], images[3][CORNER] = images[0][CORNER], images[2][CORNER]
    pairs = PairList(
        (Pair(faces[0], faces[1], 1), Pair(faces[2], faces[3], 1), Pair(faces[0], faces[2], 0))
    )
    return faces, FaceCache(images, faces), pairs


def test_scores_fall_to_one_value_without_the_part_that_counts():
    _, cache, pairs = two_people()
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    mask[CORNER] = True
    scores = explain.scores_with_parts(CornerVerifier(), cache, pairs, mask)
    np.testing.assert_allclose(scores["face alone"], scores["whole image"])
    assert np.ptp(scores["whole image"]) > 0.5 and np.ptp(scores["background alone"]) == 0


def test_the_nearest_face_is_the_same_person_and_never_the_probe():
    faces, cache, _ = two_people()
    verifier = CornerVerifier()
    table = neighbours.nearest_faces(
        verifier, verifier.embed(cache[faces]), faces, [faces[0], faces[3]], count=2
    )
    assert len(table) == 4 and not (table["probe"] == table["neighbour"]).any()
    nearest = table.groupby("probe", sort=False).first()
    assert (
        nearest["neighbour"].tolist() == ["Ada_0002", "Ben_0001"] and nearest["same_person"].all()
    )
    assert neighbours.neighbour_sheet(table, cache, "title").get_suptitle() == "title"


def test_probes_are_of_people_with_another_image():
    faces = [Face("Ada", 1), Face("Ben", 1), Face("Ben", 2), Face("Cleo", 1), Face("Cleo", 2)]
    probes = neighbours.draw_probes(faces, 5, seed=0)
    assert {probe.person for probe in probes} == {"Ben", "Cleo"} and len(probes) == 2


def test_a_plane_keeps_near_embeddings_near():
    generator = np.random.default_rng(0)
    centres = np.eye(8)[:3] * 10
    embeddings = np.concatenate([centre + generator.normal(0, 0.1, (8, 8)) for centre in centres])
    points = neighbours.map_of_faces(embeddings)
    groups = points.reshape(3, 8, 2)
    spread = np.linalg.norm(groups - groups.mean(axis=1, keepdims=True), axis=2).mean()
    assert np.linalg.norm(groups[0].mean(axis=0) - groups[1].mean(axis=0)) > 2 * spread


def test_a_gallery_shows_the_pairs_that_are_named():
    import pandas as pd

    _, cache, _ = two_people()
    row = {"left": "Ada_0001", "right": "Ada_0002", "label": 1, "score": 0.25, "wrong": True}
    figure = scored.scored_gallery(pd.DataFrame([row]), cache, "title")
    title = figure.axes[0].get_title()
    assert "WRONG" in title and "Ada_0001" in title


def test_a_gallery_marks_what_is_wrong():
    import pandas as pd

    _, cache, _ = two_people()
    columns = ["left", "right", "label", "score", "wrong"]
    scores = pd.DataFrame(
        [("Ada_0001", "Ada_0002", 1, 0.9, False), ("Ada_0001", "Ben_0001", 0, 0.8, True)],
        columns=columns,
    )
    scores["why"] = ["The light differs.", "Nothing."]
    groups = {"some": scores, "others": scores[:1], "nobody": scores[:0]}
    verifier = CornerVerifier()
    maps = {name: explain.maps_of_pairs(verifier, cache, rows) for name, rows in groups.items()}
    figures = scored.explained_galleries(cache, groups, maps)
    titles = [axes.get_title(loc="left") for axes in figures[0].axes]
    assert sum(title.startswith("WRONG") for title in titles) == 1
    assert any("90.0 %. The light differs." in " ".join(title.split()) for title in titles)
    assert [figure.get_suptitle() for figure in figures[1:]] == ["others", "nobody: there are none"]
    limits = [figure.axes[2].images[0].get_clim() for figure in figures[:2]]
    assert limits[0] == limits[1]  # maps of different figures can be compared


def test_the_region_with_the_most_evidence_for_the_decision_is_named():
    eyes, chin = np.zeros((30, 20)), np.zeros((30, 20))
    eyes[12:16, 5:15], chin[25:28, 5:15] = 2.0, -1.0
    both = (eyes + chin, eyes + chin)
    assert explain.where_evidence_lies(both, 1) == (
        "Largest part of its evidence (100%): the middle third of the image."
    )
    assert "lower third" in explain.where_evidence_lies(both, 0)
    mask = np.zeros((30, 20), bool)
    mask[:24] = True
    assert "hair, clothes and background" in explain.where_evidence_lies(both, 0, mask)
    assert explain.where_evidence_lies(both, 1, mask).endswith("the middle third of the face.")
    assert explain.where_evidence_lies((eyes, eyes), 0).startswith("No part of the images")


def test_the_sentence_is_about_the_decision_that_was_made():
    import pandas as pd

    scores = pd.DataFrame({"score": [0.9, 0.2], "why": ["One.", "Two."]})
    maps = np.zeros((30, 20))
    maps[:3] = 1.0
    rows = explain.with_evidence(scores, [(maps, maps)] * 2, threshold=0.5)
    assert rows["why"].tolist() == [
        "One. Largest part of its evidence (100%): the upper third of the image.",
        "Two. No part of the images speaks for this decision.",
    ]


def test_mean_maps_are_of_each_class_and_outcome_and_find_the_part_that_counts():
    import pandas as pd

    _, cache, _ = two_people()
    columns = ["left", "right", "label", "score", "wrong"]
    scores = pd.DataFrame(
        [("Ada_0001", "Ada_0002", 1, 0.9, False), ("Ben_0001", "Ben_0002", 1, 0.8, False)],
        columns=columns,
    )
    maps = explain.mean_occlusion_maps(CornerVerifier(), cache, scores, count=5)
    assert list(maps) == ["same person, correct (2 pairs)"]
    (values,) = maps.values()
    assert values.shape == (HEIGHT, WIDTH)
    inside = np.zeros_like(values, dtype=bool)
    inside[CORNER] = True
    assert np.abs(values[inside]).mean() > 5 * np.abs(values[-4:, -4:]).mean()


def test_the_network_of_a_run_is_its_own_or_the_published_one_of_its_config(tmp_path, monkeypatch):
    settings = {
        "crop": None,
        "image_size": [32, 32],
        "test_time_flip": False,
        "threshold": 0.5,
        "seed": 3,
    }
    config = ExperimentConfig(
        experiment="tiny", image_size=(32, 32), base_filters=16, embedding_size=8, seed=3
    )
    settings["config"] = config.to_dict()
    # A run with an override has the published one's name and seed, but another network.
    changes = ({}, {}, {"seed": 4}, {"variant": "num_epochs=2", "num_epochs": 2})
    runs = [Run(tmp_path / "runs" / name) for name in ("kept", "not kept", "seed", "override")]
    for run, change in zip(runs, changes):
        run.write_json("config.json", config.to_dict() | change)
    verifier = Verifier(build_model(config), settings)
    for path in (runs[0].path("model.keras"), tmp_path / "models" / "tiny.keras"):
        path.parent.mkdir(exist_ok=True)
        verifier.save(path)
    monkeypatch.setattr("siamese_lib.utils.machine.project_root", lambda: tmp_path)
    assert Verifier.of_run(runs[0]).settings == Verifier.of_run(runs[1]).settings == settings
    for run in runs[2:]:
        with pytest.raises(FileNotFoundError, match=r"weights of this run were not kept.*Received"):
            Verifier.of_run(run)


@pytest.fixture
def ensemble(tmp_path, monkeypatch):
    """The run of an ensemble of two networks; a member's network is kept by `keep`."""
    monkeypatch.setattr("siamese_lib.utils.machine.project_root", lambda: tmp_path)
    weights = {"light/seed_0": 0.5, "heavy/seed_0": 1.5}
    settings = {"image_size": (32, 32), "base_filters": 16, "embedding_size": 8}
    for name in weights:
        config = ExperimentConfig(experiment=name.split("/")[0], **settings)
        Run(tmp_path / name).write_json("config.json", config.to_dict())
        Run(tmp_path / name).finish()
    run = Run(tmp_path / "both" / "seed_0")
    config = ExperimentConfig(experiment="both", encoder="ensemble", members=tuple(weights))
    run.write_json("config.json", config.to_dict())
    splits = {split: {} for split in ("train", "validation", "test")}
    metrics = {"threshold": 0.5, "seconds": {}, "weights": weights, **splits}
    run.write_json("metrics.json", metrics)
    return run


def keep(run):
    settings = {"crop": None, "image_size": [32, 32], "test_time_flip": False, "threshold": 0.5}
    Verifier(build_model(run.config), settings).save(run.path("model.keras"))


def test_an_ensemble_is_explained_by_its_weightiest_member_that_was_kept(ensemble):
    heavy, light = ensemble.networks()
    with pytest.raises(ValueError, match=r"no network of its own.*Received: .*both"):
        Verifier.of_run(ensemble)
    explained, verifier, sentence = explain.kept_network(ensemble)
    assert (explained.name, verifier) == ("heavy/seed_0", None)
    assert sentence.startswith("Left out") and "both/seed_0" in sentence
    keep(light)
    explained, verifier, sentence = explain.kept_network(ensemble)
    assert explained.name == "light/seed_0" and verifier.image_size == (32, 32)
    assert "light/seed_0" in sentence and "(0.50)" in sentence
    keep(heavy)
    explained, verifier, sentence = explain.kept_network(ensemble)
    assert explained.name == "heavy/seed_0" and "(1.50)" in sentence


def test_an_ensemble_whose_members_are_gone_is_explained_by_nothing(ensemble):
    for member in ensemble.networks():
        member.path("DONE").unlink()
    explained, verifier, sentence = explain.kept_network(ensemble)
    assert (explained.name, verifier) == ("both/seed_0", None) and "Left out" in sentence


def test_a_single_network_is_explained_by_itself(ensemble):
    run = ensemble.networks()[0]
    assert explain.kept_network(run)[:2] == (run, None)
    keep(run)
    explained, verifier, sentence = explain.kept_network(run)
    assert explained == run and verifier and "network of heavy/seed_0" in sentence
