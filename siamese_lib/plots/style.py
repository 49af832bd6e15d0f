"""The style of all figures: palette, marks, error bars, and a description in words.

A figure has a description for readers who cannot see it, and a title for the report's captions.
"""

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.offsetbox import OffsetImage
from numpy.typing import ArrayLike

# Okabe and Ito's palette; colour-blind readers can distinguish these colours.
BLUE, VERMILION, GREEN, ORANGE, SKY, PURPLE, BLACK = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#E69F00",
    "#56B4E9",
    "#CC79A7",
    "#000000",
)
CYCLE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
LINES = ("-", "--", "-.", ":")
MARKERS = "os^Dv"

# Label 1 = same person.
CLASS_COLORS = {1: BLUE, 0: VERMILION}
CLASS_STYLES: dict[int, dict[str, Any]] = {
    1: {"color": BLUE, "marker": "o", "linestyle": "-"},
    0: {"color": VERMILION, "marker": "s", "linestyle": "--"},
}
SPLIT_STYLES: dict[str, dict[str, Any]] = {
    "validation": {"color": BLUE, "marker": "o"},
    "test": {"color": VERMILION, "marker": "s"},
}
NUM_PANELS = 12  # a description names this many panels; it counts the others


class DescribedFigure(Figure):
    """A figure that a notebook stores together with its title and its description.

    They are in the output's metadata: `alt`, which nbconvert writes beside the image, and
    `caption`, which the report numbers.

    Attributes:
        details: a sentence for the description, for texts inside an image.
    """

    details = ""

    @property
    def title(self) -> str:
        """The figure's title on one line; without one, the title of its first panel."""
        titles = [self.get_suptitle(), *(axes.get_title() for axes in self.axes)]
        return _one_line(next(filter(None, titles), "Figure"))

    @property
    def description(self) -> str:
        """Title, axes with their units, groups, panels and texts, in sentences."""
        legends = [*self.legends, *filter(None, (axes.get_legend() for axes in self.axes))]
        groups = _texts(text for legend in legends for text in legend.get_texts())
        panels = _texts(axes.title for axes in self.axes) if self.get_suptitle() else []
        if len(panels) > NUM_PANELS:
            panels[NUM_PANELS:] = [f"and {len(panels) - NUM_PANELS} more"]
        lists = {
            "Shown are": dict.fromkeys(groups),
            "Panels": panels,
            "Text in the figure": _texts(text for axes in self.axes for text in axes.texts),
        }
        sentences = [
            self.title,
            *(sentence for axes in self.axes for sentence in _axes_sentences(axes)),
            *(f"{name}: {'; '.join(texts)}" for name, texts in lists.items() if texts),
            *filter(None, [self.details]),
        ]
        # Several panels may have the same label; it is read once.
        return ". ".join(dict.fromkeys(sentences)) + "."

    def _repr_mimebundle_(self, include=None, exclude=None):
        """The image for IPython, and beside it the words: `(data, metadata)`.

        Curves and their texts are sharp at every size as SVG; pictures are PNG.
        """
        if self.findobj(_is_picture):
            content, mime_type = io.BytesIO(), "image/png"
            self.savefig(content, format="png", bbox_inches="tight")
            image = base64.b64encode(content.getvalue()).decode("ascii")
        else:
            image, mime_type = self.to_svg(), "image/svg+xml"
        words = {"alt": self.description, "caption": self.title}
        return {mime_type: image, "text/plain": repr(self)}, {mime_type: words}

    def to_svg(self) -> str:
        """The figure as SVG: without a date, so that the same figure is the same text."""
        content = io.BytesIO()
        with rc_context({"svg.hashsalt": "siamese_lib"}):  # names that follow from the content
            self.savefig(content, format="svg", bbox_inches="tight", metadata={"Date": None})
        return content.getvalue().decode("utf-8")


def _is_picture(artist: Artist) -> bool:
    return isinstance(artist, AxesImage | OffsetImage)


def _axes_sentences(axes):
    """The labels of the axes; without a vertical label, the names of the rows from the top down."""
    if axes.get_xlabel():
        yield f"Horizontal: {_one_line(axes.get_xlabel())}"
    if axes.get_ylabel():
        yield f"Vertical: {_one_line(axes.get_ylabel())}"
    elif axes.get_xlabel() and (names := _texts(axes.get_yticklabels())):
        yield f"Rows: {'; '.join(reversed(names))}"


def _texts(artists):
    """The words of these texts that are not empty."""
    return [_one_line(artist.get_text()) for artist in artists if artist.get_text()]


def _one_line(text):
    return " ".join(text.split())


def new_figure(
    width: float = 6.4,
    height: float = 4.0,
    title: str = "",
    xlabel: str = "",
    ylabel: str = "",
    **grid: Any,
) -> tuple[DescribedFigure, Any]:
    """A figure without data in the project's style, and its axes.

    Args:
        width, height: in inches.
        title: of the axes; with several axes, of the figure.
        xlabel, ylabel: of the axes, if there is one.
        grid: the arguments of `Figure.subplots`, for several axes.
    """
    figure = DescribedFigure(figsize=(width, height), layout="constrained", dpi=100)
    panels = figure.subplots(**grid)
    for axes in np.atleast_1d(panels).flat:
        axes.spines[["top", "right"]].set_visible(False)
    if isinstance(panels, Axes):
        panels.set(title=title, xlabel=xlabel, ylabel=ylabel)
    else:
        figure.suptitle(title)
    return figure, panels


def curve_style(index: int) -> dict[str, Any]:
    """The colour and the dashes of the curve with this index."""
    return {"color": CYCLE[index % len(CYCLE)], "linestyle": LINES[index % len(LINES)]}


def draw_frame(axes: Axes, color: str = VERMILION) -> None:
    """Draws a frame around the image in these axes; vermilion marks a wrong decision."""
    axes.axis("on")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=color, linewidth=3)


def marked_caption(caption: str, wrong: bool) -> str:
    """The caption, with the word WRONG in front for a wrong decision."""
    return f"WRONG  {caption}" if wrong else caption


def error_bars(values: ArrayLike, low: ArrayLike, high: ArrayLike) -> np.ndarray:
    """The distances of the bounds from the values, `(2, num_values)`, as for `Axes.errorbar`.

    A bound on the wrong side of its value, by rounding or by chance, has the distance 0.
    """
    return np.clip([np.subtract(values, low), np.subtract(high, values)], 0, None)


def in_percent(axis: Axis) -> None:
    """Labels an axis of shares in percent."""
    axis.set_major_formatter(lambda share, position: f"{round(100 * share, 6):g}%")


def log_ticks(axes: Axes, ticks: Sequence[float] | np.ndarray) -> None:
    """Makes the horizontal axis logarithmic, with labelled ticks at these numbers alone."""
    axes.set_xscale("log")
    axes.set_xticks(ticks, labels=[f"{tick:,}" for tick in ticks])
    axes.minorticks_off()
