"""The widgets react to their controls; each static view draws what its widget shows first."""

import io
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from siamese_lib.config import ExperimentConfig
from siamese_lib.data import pairs
from siamese_lib.data.archives import open_source
from siamese_lib.data.cache import FaceCache
from siamese_lib.data.face_dataset import FaceFiles
from siamese_lib.data.load import load_dataset
from siamese_lib.data.pairs import Face, Pair, PairList
from siamese_lib.notebook import photo_widgets, widgets
from siamese_lib.plots import tiles

FACES = [Face(person, number) for person in ("Ada_Lovelace", "Ben") for number in (1, 2)]
PAIRS = PairList(
    (
        Pair(FACES[0], FACES[1], 1),
        Pair(FACES[2], FACES[3], 1),
        Pair(FACES[0], FACES[2], 0),
        Pair(FACES[1], FACES[3], 0),
    )
)
SCORES = np.array([0.9, 0.4, 0.6, 0.1])
SETTINGS = pd.DataFrame(
    [
        ("learning_rate", 0.1, 0.9),
        ("learning_rate", 0.2, 0.8),
        ("without", "flip", 0.7),
        ("without", "nothing", 0.9),
    ],
    columns=["axis", "value", "validation_auc"],
).assign(
    test_auc=0.8,
    **{f"{s}_{k}": 0.6 for s in ("validation", "test") for k in ("accuracy", "low", "high")},
    **{f"{s}_of_seeds": [[0.6]] * 4 for s in ("validation", "test")},
)


@pytest.fixture
def cache():
    return FaceCache(
        np.random.default_rng(0).integers(0, 256, (4, 40, 36, 1), dtype=np.uint8), FACES
    )


@pytest.fixture
def table():
    rows = pairs.pair_table({"train": PAIRS, "test": PairList(PAIRS.pairs[:2])})
    return rows.assign(score=[*SCORES, 0.7, 0.2], wrong=[False, True, True, False, False, True])


def named(widget):
    """The widget's controls by their description."""
    return {
        child.description: child for child in widget.children if getattr(child, "description", "")
    }


def opened(content):
    return Image.open(io.BytesIO(content))


def test_the_threshold_slider_changes_numbers_and_images_while_it_is_dragged(cache):
    slider, outcome, gallery = widgets.threshold_slider(
        SCORES, PAIRS.labels, 0.5, PAIRS, cache
    ).children
    words, histogram = outcome.children
    assert (
        slider.continuous_update
        and "accuracy 50.0%" in words.value
        and "1 false accepts, 1 false rejects" in words.value
    )
    before = histogram.value, gallery.value
    slider.value = 0.7
    assert "accuracy 75.0%" in words.value and "0 false accepts" in words.value
    assert histogram.value != before[0] and gallery.value != before[1]
    assert opened(histogram.value).size == opened(before[0]).size


def test_a_threshold_outside_the_scores_is_kept(cache):
    slider, *_ = widgets.threshold_slider(SCORES, PAIRS.labels, 0.95, PAIRS, cache).children
    assert slider.value == 0.95


def test_one_step_changes_the_readout_even_if_scores_lie_close_together(cache):
    close = 0.993 + 0.0001 * np.asarray(SCORES)
    slider, outcome, _ = widgets.threshold_slider(
        close, PAIRS.labels, float(close.min()), PAIRS, cache
    ).children
    before = outcome.children[0].value
    slider.value += slider.step
    assert outcome.children[0].value != before and format(
        slider.value, slider.readout_format
    ) != format(slider.min, slider.readout_format)


def test_the_line_is_at_the_score_on_the_axis():
    line = tiles.ScoreLine(SCORES, PAIRS.labels, 0.5)
    columns = []
    for score in (0.1, 0.5, 0.9):  # at equal distances in log-odds
        purple = (line.at(score) == (204, 121, 167)).all(axis=2)
        columns.append(np.flatnonzero(purple.sum(axis=0) > 100).mean())
    assert (
        columns[1] - columns[0] == pytest.approx(columns[2] - columns[1], abs=1.5)
        and columns[1] > columns[0] + 50
    )


def test_the_gallery_holds_the_pairs_nearest_to_the_threshold(cache, monkeypatch):
    monkeypatch.setattr(widgets, "NUM_NEAREST", 2)
    shown = []
    monkeypatch.setattr(
        tiles,
        "sheet",
        lambda tiles, captions, wrong, columns: shown.append((captions, wrong)) or tiles[0],
    )
    widgets.threshold_view(SCORES, PAIRS.labels, 0.5, PAIRS, cache)
    captions, wrong = shown[0]
    assert captions[0].startswith("0.400, same person\nBen_0001") and captions[1].startswith(
        "0.600, different people\nAda_Lovelace_0001"
    )
    assert wrong == [True, True]


def test_the_browser_filters_by_class_split_decision_and_name(table):
    assert len(widgets.filter_pairs(table)) == 6
    assert set(widgets.filter_pairs(table, label=0)["label"]) == {0}
    assert set(widgets.filter_pairs(table, split="test")["split"]) == {"test"}
    assert widgets.filter_pairs(table, wrong=True)["wrong"].all()
    assert widgets.filter_pairs(table, name="ada love")["left"].tolist() == [
        "Ada_Lovelace_0001"
    ] * 2 + [
        "Ada_Lovelace_0002",
        "Ada_Lovelace_0001",
    ]
    assert len(widgets.filter_pairs(table, label=1, split="train", wrong=True, name="ben")) == 1
    assert widgets.filter_pairs(table, name="a.a").empty


def test_the_browser_turns_pages_and_returns_to_the_first_when_a_filter_changes(
    table, cache, monkeypatch
):
    monkeypatch.setattr(widgets, "PAGE", 2)
    browser = widgets.pair_browser(table, cache)
    controls, words, image = named(browser), browser.children[-2], browser.children[-1]
    assert controls["Page"].max == 3 and words.value.startswith("Pairs 1 to 2 of 6")
    before = image.value
    controls["Page"].value = 3
    assert words.value.startswith("Pairs 5 to 6 of 6") and image.value != before
    controls["Split"].value = "test"
    assert (
        words.value.startswith("Pairs 1 to 2 of 2")
        and controls["Page"].value == controls["Page"].max == 1
    )


def test_an_empty_result_is_a_sentence_without_an_image(table, cache):
    browser = widgets.pair_browser(table, cache)
    controls, words, image = named(browser), browser.children[-2], browser.children[-1]
    controls["Name"].value = "nobody"
    assert (
        words.value == "None of the 6 pairs passes these filters; loosen one."
        and image.layout.display == "none"
    )
    controls["Name"].value = ""
    assert words.value.startswith("Pairs 1 to 6") and image.layout.display is None


def test_pairs_without_scores_have_no_filter_for_decisions(cache):
    browser = widgets.pair_browser(pairs.pair_table({"train": PAIRS}), cache)
    assert "Decision" not in named(browser) and "Class" in named(browser)


def test_a_wrong_pair_is_framed_and_marked_in_words():
    tile = np.full((40, 36), 90, np.uint8)
    correct, wrong = (
        tiles.sheet([tile], ["a long enough caption"], [is_wrong], 1) for is_wrong in (False, True)
    )
    vermilion = [(image == (213, 94, 0)).all(axis=2).sum() for image in (correct, wrong)]
    assert vermilion[0] == 0 and vermilion[1] > 4 * tiles.FRAME * 100


@pytest.fixture(scope="module")
def sample():
    return load_dataset("sample")


def test_the_augmentation_preview_follows_its_sliders(sample):
    config = ExperimentConfig(experiment="own", image_size=(56, 46))
    preview = photo_widgets.augmentation_preview(sample, sample.listed_faces[0], config)
    controls, words, image = named(preview), preview.children[-2], preview.children[-1]
    plain = image.value
    controls["Rotation"].value = 20.0
    assert image.value != plain and "rotation_degrees: 20" in words.value
    controls["Rotation"].value = 0.0
    assert image.value == plain
    controls["Rows"].value = (20, 90)
    assert image.value != plain and "crop: [20, 90, 0, 92]" in words.value


def test_the_preview_starts_from_the_bounding_box(tmp_path):
    image = np.full((90, 80), 255, np.uint8)
    image[30:60, 40:50] = 0
    Image.fromarray(image).save(tmp_path / "drawn.png")
    face = Face("drawn", 1)
    files = FaceFiles("images", open_source(tmp_path, tmp_path), {face: "drawn.png"})
    config = ExperimentConfig(experiment="own", image_size=(40, 40), crop="bounding_box")
    controls = named(photo_widgets.augmentation_preview(files, face, config))
    rows, columns = controls["Rows"].value, controls["Columns"].value
    assert (
        rows[0] < 30
        and rows[1] > 60
        and columns[0] < 40
        and columns[1] > 50
        and rows[1] - rows[0] < 40
    )
    assert (
        photo_widgets.augmentation_view(files, face, config).title == "Crop and augmentation of own"
    )


def test_an_empty_crop_is_answered_in_words(sample):
    preview = photo_widgets.augmentation_preview(
        sample, sample.listed_faces[0], ExperimentConfig(experiment="own", image_size=(56, 46))
    )
    named(preview)["Rows"].value = (50, 50)
    assert "top &lt; bottom" in preview.children[-2].value


def test_the_sweep_explorer_draws_axis_and_metric():
    explorer = widgets.sweep_explorer(SETTINGS)
    controls, image = named(explorer), explorer.children[-1]
    seen = [image.value]
    for name, value in (
        ("Metric", "validation_auc"),
        ("Axis", "without"),
        ("Metric", "accuracy"),
        ("Metric", "test_auc"),
    ):
        controls[name].value = value
        seen.append(image.value)
    assert len(set(seen)) == 5


def test_every_widget_has_a_static_view_with_a_title(sample, table, cache):
    views = {
        "Decisions at the threshold 0.500": widgets.threshold_view(
            SCORES, PAIRS.labels, 0.5, PAIRS, cache
        ),
        "The first 6 of 6 pairs": widgets.browser_view(table, cache),
        "Crop and augmentation of own": photo_widgets.augmentation_view(
            sample,
            sample.listed_faces[0],
            ExperimentConfig(experiment="own", image_size=(56, 46), crop=(10, 100, 5, 80)),
        ),
        "Sweep: accuracy against learning rate": widgets.sweep_view(SETTINGS),
    }
    for title, figure in views.items():
        figure.savefig(io.BytesIO(), format="png")
        assert figure.title == title
    assert "Ada_Lovelace_0001" in views["The first 6 of 6 pairs"].description


def test_the_table_of_pairs_keeps_every_pair_in_order():
    table = pairs.pair_table({"train": PAIRS, "test": PairList(PAIRS.pairs[2:])})
    assert (
        tuple(pairs.pair_of(row) for row in table.to_dict("records"))
        == PAIRS.pairs + PAIRS.pairs[2:]
    )
    assert Counter(table["split"]) == {"train": 4, "test": 2}
    assert pairs.CLASS_NAMES[table["label"][0]] == "same person"
