"""The words of a figure: title and description, and both stored with the image."""

import base64

import numpy as np
import pandas as pd
from IPython.core.formatters import DisplayFormatter

from siamese_lib.plots import curves, decisions, errors, galleries, intervals, style

IMAGE = np.zeros((40, 36, 1), np.uint8)


def test_the_description_has_title_axes_and_groups():
    band = ([0, 0.5, 1], [0, 0.9, 1], [0, 0.8, 1], [0, 1.0, 1])
    figure = decisions.roc_bands(
        {"one (AUC 0.700)": band, "other (AUC 0.600)": band}, "ROC on\nthe test pairs"
    )
    assert figure.title == "ROC on the test pairs"
    assert figure.description.startswith("ROC on the test pairs. Horizontal: false accept rate")
    assert "Shown are: one (AUC 0.700); other (AUC 0.600)." in figure.description


def test_the_description_has_rows_and_numbers():
    assert (
        "Rows: b; a"
        in intervals.accuracy_intervals(
            {"b": {"test": (0.7, [0.6, 0.8])}, "a": {"test": (0.5, [0, 1])}}, "t"
        ).description
    )
    assert (
        "Text in the figure: 30 85.7%; 5 14.3%"
        in decisions.confusion_matrix([[30, 5], [7, 18]], "t").description
    )


def test_the_description_names_twelve_panels_and_counts_the_others():
    description = galleries.faces(
        [IMAGE] * 15, [f"face {number}" for number in range(15)], "Faces"
    ).description
    assert description.startswith("Faces. Panels: face 0; face 1;") and description.endswith(
        "face 11; and 3 more."
    )


def test_a_legend_of_the_whole_figure_is_in_the_description_once():
    history = pd.DataFrame(
        {"epoch": [1, 2]} | {key: [0.5, 0.6] for key in ("loss", "accuracy", "auc", "val_loss")}
    )
    assert curves.learning_curves({"one": history}, "t").description.count("one, training") == 1


def test_a_notebook_stores_the_words_beside_the_image():
    data, metadata = DisplayFormatter().format(
        decisions.confusion_matrix([[1, 2], [3, 4]], "The four outcomes")
    )
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG") and "text/plain" in data
    assert (
        metadata["image/png"]["caption"] == "The four outcomes"
        and "truth" in metadata["image/png"]["alt"]
    )


def test_curves_are_stored_as_svg_with_the_same_words():
    band = ([0, 0.5, 1], [0, 0.9, 1], [0, 0.8, 1], [0, 1.0, 1])
    figure = decisions.roc_bands({"one": band}, "ROC of one")
    data, metadata = DisplayFormatter().format(figure)
    assert data["image/svg+xml"].lstrip().startswith("<?xml") and "image/png" not in data
    assert metadata["image/svg+xml"]["caption"] == "ROC of one"


def test_a_plane_of_small_pictures_is_no_svg():
    points, people = np.array([[0.0, 0.0], [1.0, 1.0]]), ["Ada", "Ben"]
    figure = errors.plane_of_people(points, people, "title", [IMAGE] * 2)
    data, _ = DisplayFormatter().format(figure)
    assert "image/png" in data and "image/svg+xml" not in data


def test_a_figure_without_any_title_still_has_a_name():
    assert style.DescribedFigure().description == "Figure."
