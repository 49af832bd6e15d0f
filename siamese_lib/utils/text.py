"""Text for readers: errors in one line, dicts as tables, settings and shares, parts of pages."""

import re
from collections.abc import Mapping, Sequence
from numbers import Number
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def error_sentence(error: Exception) -> str:
    """An error that the user can correct, in one line; what the system says is completed."""
    message = str(error)
    if isinstance(error, OSError) and error.errno:
        # The system's message does not say what to do about it.
        message = (
            f"{error.strerror}; check the path, its permissions and the disk's space. "
            f"Received: {error.filename or 'no path'}"
        )
    return " ".join(message.split())


def as_table(rows: Sequence[Mapping[str, Any]]) -> "pd.DataFrame":
    """Dicts as a pandas DataFrame for readers: missing values empty, whole numbers stay whole."""
    import pandas as pd

    columns = list(dict.fromkeys(column for row in rows for column in row))
    cells = [["" if row.get(column) is None else row[column] for column in columns] for row in rows]
    return pd.DataFrame(cells, columns=columns, dtype=object)


def percent(share: float, digits: int = 1) -> str:
    """A share as a percentage for readers, with so many decimals: 0.932 is 93.2 %."""
    return f"{100 * share:.{digits}f} %"


def as_text(value: Any) -> str:
    """A setting as text for readers: numbers with four digits, other values as they are."""
    is_number = isinstance(value, Number) and not isinstance(value, bool)
    return f"{value:.4g}" if is_number else str(value)


def between_marks(text: str, begin: str, end: str, content: str, page: str = "The page") -> str:
    """A page's text with other content between two marks, which stay.

    Args:
        text: the text of the page.
        begin, end: the two marks.
        content: what comes between them.
        page: the page's name, for the message.

    Raises:
        ValueError: if the page has lost its marks.
    """
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(
            f"{page} has lost the marks of a table that is written into it; put them back. "
            f"Received: no {begin!r}"
        )
    return pattern.sub(lambda _: f"{begin}\n\n{content}\n\n{end}", text)
