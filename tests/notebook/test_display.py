"""Tables as readers see them: percent, words, no numbers of rows; each figure once."""

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from IPython.testing.globalipapp import start_ipython

from siamese_lib.notebook.display import as_cell, html_of, show_plainly
from siamese_lib.plots import decisions

NBSP = "\N{NO-BREAK SPACE}"


def cells(table):
    """The texts of a table, a list for each row, the header first."""
    rows = BeautifulSoup(html_of(table), "html.parser").find_all("tr")
    return [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in rows]


@pytest.mark.parametrize(
    ("value", "name", "text"),
    [
        (0.8063, "test accuracy", f"80.6{NBSP}%"),
        ([0.88, 0.931], "accuracy interval", f"88.0 to 93.1{NBSP}%"),
        (0.9671, "test auc", "0.967"),
        (0.012, "validation auc gain", "0.012"),
        (0.0725, "test accuracy gain", "+7.2"),
        (-0.027, "validation accuracy gain", "-2.7"),
        (1e-9, "p value", "< 0.001"),
        (0.02, "p value", "0.020"),
        (38_954_049, "parameters", "38,954,049"),
        (220.0, "images", "220"),
        (1606.76, "seconds", "1,606.8"),
        (np.float64("nan"), "test accuracy", ""),
        (None, "any", ""),
        (np.True_, "wrong", "yes"),
        ("5e-06", "value", "5e-06"),
        ([0, 1, 2], "seeds", "0, 1, 2"),
        ("92.5 % ± 0.1", "test", f"92.5{NBSP}%{NBSP}±{NBSP}0.1"),
        ("90.1 to 94.7", "interval", f"90.1{NBSP}to{NBSP}94.7"),
        ("one of 2 to try", "why", "one of 2 to try"),
    ],
)
def test_a_value_is_shown_as_readers_expect_it(value, name, text):
    assert as_cell(value, name) == text


def test_numbers_of_rows_are_left_out_and_names_of_rows_stay():
    table = pd.DataFrame({"left": ["a<b"], "error_rate": [0.5]}, index=[66])
    assert cells(table) == [["left", "error rate"], ["a<b", f"50.0{NBSP}%"]]
    named = table.set_index("left")
    assert cells(named)[-1] == ["a<b", f"50.0{NBSP}%"]


def test_words_are_on_the_left_and_the_caption_is_shown():
    table = pd.DataFrame({"number": [1], "word": ["b"]})
    table.attrs["caption"] = "Which pairs"
    text = html_of(table)
    assert "td.col1" in text and "td.col0" not in text and "Which pairs" in text
    assert html_of(table) == text  # a second execution gives the same page
    assert "min-width" not in text and "<table" in html_of(table[:0])
    table["word"] = "a sentence of more than forty characters, to be read"
    assert "td.col1 {\n  min-width: 11rem" in html_of(table)


def test_a_notebook_shows_tables_plainly_and_curves_once():
    shell = start_ipython()
    shell.run_line_magic("matplotlib", "inline")
    shell.display_formatter.active_types = shell.display_formatter.format_types
    show_plainly()
    data, _ = shell.display_formatter.format(pd.DataFrame({"accuracy": [0.5]}))
    assert f"50.0{NBSP}%" in data["text/html"]
    band = ([0, 0.5, 1], [0, 0.9, 1], [0, 0.8, 1], [0, 1.0, 1])
    data, _ = shell.display_formatter.format(decisions.roc_bands({"one": band}, "ROC"))
    assert "image/svg+xml" in data and "image/png" not in data
    data, _ = shell.display_formatter.format(decisions.confusion_matrix([[1, 2], [3, 4]], "title"))
    assert "image/png" in data
