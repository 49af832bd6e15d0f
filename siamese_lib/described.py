"""A matplotlib `Figure` that says in words what it shows, for readers who cannot see it and for the report's captions."""

import base64
import io

from matplotlib.figure import Figure

NUM_PANELS = 12  # so many panels of a gallery are named; the others are counted


class DescribedFigure(Figure):
    """A figure that a notebook stores together with its title and its description.

    They stand in the output's metadata as `alt`, which nbconvert writes beside the picture, and `caption`, which the report numbers.

    Attributes:
        details: a sentence for the description, where a picture holds texts that matplotlib does not know of.
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
        sentences = [self.title, *(sentence for axes in plots for sentence in _axes_sentences(axes))]
        legends = [*self.legends, *filter(None, (axes.get_legend() for axes in self.axes))]
        if groups := dict.fromkeys(_one_line(text.get_text()) for legend in legends for text in legend.get_texts()):
            sentences.append(f"Shown are: {'; '.join(groups)}")
        if self.get_suptitle() and (panels := [_one_line(axes.get_title()) for axes in self.axes if axes.get_title()]):
            more = f"; and {len(panels) - NUM_PANELS} more" if len(panels) > NUM_PANELS else ""
            sentences.append(f"Panels: {'; '.join(panels[:NUM_PANELS])}{more}")
        if texts := [_one_line(text.get_text()) for axes in self.axes for text in axes.texts if text.get_text()]:
            sentences.append(f"In the picture stands: {'; '.join(texts)}")
        if self.details:
            sentences.append(self.details)
        # A label may be on several panels; it is said once.
        return ". ".join(dict.fromkeys(sentences)) + "."

    def _repr_mimebundle_(self, include=None, exclude=None):
        """What IPython asks for: the picture, and beside it `(data, metadata)` in words."""
        content = io.BytesIO()
        self.savefig(content, format="png", bbox_inches="tight")
        picture = base64.b64encode(content.getvalue()).decode("ascii")
        words = {"alt": self.description, "caption": self.title}
        return {"image/png": picture, "text/plain": repr(self)}, {"image/png": words}


def _axes_sentences(axes):
    if label := axes.get_xlabel():
        yield f"Horizontal: {_one_line(label)}"
    if label := axes.get_ylabel():
        yield f"Vertical: {_one_line(label)}"
    elif names := [_one_line(tick.get_text()) for tick in axes.get_yticklabels() if tick.get_text()]:
        # Rows from the top down, as they are read.
        yield f"Rows: {'; '.join(reversed(names))}"


def _one_line(text):
    return " ".join(text.split())
