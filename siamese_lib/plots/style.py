"""A matplotlib `Figure` that says in words what it shows, for readers who cannot see it and for the report's captions."""

import base64
import io

import numpy as np
from matplotlib.figure import Figure

# Okabe and Ito's palette, which colour-blind readers can tell apart.
BLUE, VERMILION, GREEN, ORANGE, SKY, PURPLE, BLACK = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#E69F00",
    "#56B4E9",
    "#CC79A7",
    "#000000",
)
CLASS_COLORS = {1: BLUE, 0: VERMILION}

CYCLE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
LINES = ("-", "--", "-.", ":")


def new_figure(width=6.4, height=4.0, **grid):
    """An empty figure in the project's style and its axes, as `Figure.subplots` returns them; sizes in inches."""
    figure = DescribedFigure(figsize=(width, height), layout="constrained", dpi=100)
    axes = figure.subplots(**grid)
    for one in np.atleast_1d(axes).flat:
        one.spines[["top", "right"]].set_visible(False)
    return figure, axes


def draw_frame(axes, color=VERMILION):
    """Frames the image in these axes; vermilion says that it is wrong."""
    axes.axis("on")
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(visible=True, color=color, linewidth=3)


def error_bars(values, low, high):
    """An interval around each value as `Axes.errorbar` takes it; a bound on the wrong side, by rounding or by chance, has no bar."""
    return np.clip([np.subtract(values, low), np.subtract(high, values)], 0, None)


NUM_PANELS = 12  # so many panels of a gallery are named; the others are counted


class DescribedFigure(Figure):
    """A figure that a notebook stores together with its title and its description.

    They stand in the output's metadata as `alt`, which nbconvert writes beside the image, and `caption`, which the report numbers.

    Attributes:
        details: a sentence for the description, where an image holds texts that matplotlib does not know of.
    """

    details = ""

    @property
    def title(self):
        """The figure's title on one line, or that of its first panel."""
        titles = [self.get_suptitle(), *(axes.get_title() for axes in self.axes)]
        return _one_line(next(filter(None, titles), "Figure"))

    @property
    def description(self):
        """Title, axes with their units, groups and panels, in sentences."""
        plots = [axes for axes in self.axes if axes.get_xlabel() or axes.get_ylabel()]
        sentences = [
            self.title,
            *(sentence for axes in plots for sentence in _axes_sentences(axes)),
        ]
        legends = [*self.legends, *filter(None, (axes.get_legend() for axes in self.axes))]
        if groups := dict.fromkeys(
            _one_line(text.get_text()) for legend in legends for text in legend.get_texts()
        ):
            sentences.append(f"Shown are: {'; '.join(groups)}")
        if self.get_suptitle() and (
            panels := [_one_line(axes.get_title()) for axes in self.axes if axes.get_title()]
        ):
            more = f"; and {len(panels) - NUM_PANELS} more" if len(panels) > NUM_PANELS else ""
            sentences.append(f"Panels: {'; '.join(panels[:NUM_PANELS])}{more}")
        if texts := [
            _one_line(text.get_text())
            for axes in self.axes
            for text in axes.texts
            if text.get_text()
        ]:
            sentences.append(f"In the image stands: {'; '.join(texts)}")
        if self.details:
            sentences.append(self.details)
        # A label may be on several panels; it is said once.
        return ". ".join(dict.fromkeys(sentences)) + "."

    def _repr_mimebundle_(self, include=None, exclude=None):
        """What IPython asks for: the image, and beside it `(data, metadata)` in words."""
        content = io.BytesIO()
        self.savefig(content, format="png", bbox_inches="tight")
        image = base64.b64encode(content.getvalue()).decode("ascii")
        words = {"alt": self.description, "caption": self.title}
        return {"image/png": image, "text/plain": repr(self)}, {"image/png": words}


def _axes_sentences(axes):
    if label := axes.get_xlabel():
        yield f"Horizontal: {_one_line(label)}"
    if label := axes.get_ylabel():
        yield f"Vertical: {_one_line(label)}"
    elif names := [
        _one_line(tick.get_text()) for tick in axes.get_yticklabels() if tick.get_text()
    ]:
        # Rows from the top down, as they are read.
        yield f"Rows: {'; '.join(reversed(names))}"


def _one_line(text):
    return " ".join(text.split())
