"""How notebooks show tables and figures: numbers as readers expect them, each figure once."""

import hashlib
import re
from typing import Any

import numpy as np
import pandas as pd
from pandas.io.formats.style import Styler

from siamese_lib.plots.style import DescribedFigure
from siamese_lib.utils.text import percent

# Columns whose numbers are shares: shown in percent.
SHARES = re.compile(
    r"^(?!.*\bauc\b).*"
    r"(accuracy|\beer\b|(error|accept|reject) rate|share|tar at far|abstained|minus)"
)
SPACE = "\N{NO-BREAK SPACE}"
# In a text the spaces between a number and its unit, its spread, or its other bound.
TOGETHER = re.compile(r"(?<=[\d%±]) (?=[\d%±]|to \d|min\b|points\b)|(?<=\bto) (?=\d)")
LONG = 40  # characters of a cell that is read as a sentence
SMALLEST_P_VALUE = 0.001


def show_plainly() -> None:
    """Lets this notebook show DataFrames by `html_of`, and figures as they describe themselves.

    Outside of IPython nothing is changed.
    """
    from IPython import get_ipython

    if shell := get_ipython():
        formatters = shell.display_formatter.formatters
        formatters["text/html"].for_type(pd.DataFrame, html_of)
        # IPython would draw each figure a second time, as PNG.
        formatters["image/png"].for_type(DescribedFigure, lambda figure: None)


def html_of(table: pd.DataFrame) -> str:
    """A table for readers as HTML: words on the left, shares in percent, no numbers of rows.

    The caption is `table.attrs["caption"]`, if there is one. The same table is the same text.
    """
    caption, has_names = table.attrs.get("caption"), not _is_default(table)
    if has_names and table.index.nlevels == 1 and table.index.name:
        table, has_names = table.reset_index(), False
    texts = pd.DataFrame(
        {
            index: [as_cell(value, _words(name)) for value in table.iloc[:, index]]
            for index, name in enumerate(table.columns)
        },
        index=table.index if has_names else None,
    )
    texts.columns = table.columns.map(_words)
    identity = hashlib.sha256(texts.to_csv().encode()).hexdigest()[:8]
    styler = Styler(texts, uuid=identity, cell_ids=False).format(escape="html")
    for axis in (0, 1):
        styler.format_index(escape="html", axis=axis)
    styler.hide(axis="index", names=has_names)
    words = [
        f"td.col{index}, th.col_heading.col{index}"
        for index in range(table.shape[1])
        if any(isinstance(value, str) and value for value in table.iloc[:, index])
    ]
    sentences = [
        f"td.col{index}"
        for index in range(texts.shape[1])
        if max(map(len, texts.iloc[:, index]), default=0) > LONG
    ]
    styles = {
        "text-align: left": [*words, "th.row_heading", "caption"],
        "min-width: 11rem": sentences,  # on a phone a table is rather scrolled than a word wide
    }
    styler.set_table_styles(
        [{"selector": ", ".join(cells), "props": props} for props, cells in styles.items() if cells]
    )
    if caption:
        styler.set_caption(caption)
    return styler.to_html()


def as_cell(value: Any, name: str) -> str:
    """A value of a table as text.

    Args:
        value: a number, a text, or an interval of two numbers.
        name: the column's, in words: it says whether numbers are shares.
    """
    is_share = bool(SHARES.search(name))
    if isinstance(value, list | tuple) and len(value) == 2 and isinstance(value[0], float):
        low, high = (as_cell(float(bound), name).removesuffix(f"{SPACE}%") for bound in value)
        return f"{low} to {high}{SPACE}%" if is_share else f"{low} to {high}"
    if isinstance(value, list | tuple):
        return ", ".join(as_cell(each, name) for each in value)
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    if not isinstance(value, float | np.floating):
        return "" if value is None else TOGETHER.sub(SPACE, str(value))
    number = float(value)
    if np.isnan(number):
        return ""
    if name.endswith("p value") and number < SMALLEST_P_VALUE:
        return f"< {SMALLEST_P_VALUE}"
    if is_share and "gain" in name:
        return f"{100 * number:+.1f}"  # of shares: points
    if is_share:
        return percent(number).replace(" ", SPACE)
    if number.is_integer() and abs(number) >= 10:
        return f"{int(number):,}"
    return f"{number:.3f}" if abs(number) < 100 else f"{number:,.1f}"


def _words(name):
    """A column's name in words."""
    return " ".join(map(_words, name)) if isinstance(name, tuple) else str(name).replace("_", " ")


def _is_default(table):
    """Whether the rows have no names of their own, only numbers."""
    return isinstance(table.index, pd.RangeIndex) or (
        table.index.nlevels == 1
        and pd.api.types.is_integer_dtype(table.index)
        and not table.index.name
    )
