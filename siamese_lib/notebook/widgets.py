"""Widgets for notebooks: a threshold slider, a pair browser, a sweep plot.

Each widget has a static view, a function with `_view` in its name: a figure of what the widget
shows first, for pages without a kernel. The code uses only what ipywidgets 7.7 (Colab) and 8 share.
Widgets show images as PNG bytes: drawing a figure would be too slow to follow a dragged slider.
"""

import io
import math

import ipywidgets
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from siamese_lib.data.cache import FaceCache
from siamese_lib.data.pairs import CLASS_NAMES, PairList, pair_of
from siamese_lib.evaluation import metrics
from siamese_lib.plots import sweeps, tiles

NUM_NEAREST = 6  # pairs shown beside the threshold
PAGE = 6  # pairs on a page of the browser
COLUMNS = 3
CELL = "padding:4px 6px;text-align"  # style of the table of outcomes


def threshold_slider(
    scores: np.ndarray,
    labels: np.ndarray,
    threshold: float,
    pairs: PairList,
    cache: FaceCache,
) -> ipywidgets.Widget:
    """A slider for the threshold; the decisions' numbers and images follow while it is dragged.

    Args:
        scores, labels: `(num_pairs,)`.
        threshold: where the slider starts.
        pairs: the `PairList` of the scores; the pairs nearest to the threshold are shown.
        cache: the `FaceCache` with its images.

    Returns:
        A widget; display it.
    """
    scores, labels = np.asarray(scores), np.asarray(labels)
    low, high = float(scores.min()), float(scores.max())
    step = max((high - low) / 200, 1e-6)
    # Scores may lie close together; the readout must have enough digits to show one step.
    digits = max(3, math.ceil(-math.log10(step)))
    slider = ipywidgets.FloatSlider(
        value=threshold,
        min=min(low, threshold),
        max=max(high, threshold),
        step=step,
        description="Threshold",
        readout_format=f".{digits}f",
        layout=ipywidgets.Layout(width="90%"),
    )
    words = ipywidgets.HTML(layout=ipywidgets.Layout(width="23rem"))
    histogram, gallery = image_widget("36rem"), image_widget()
    # Side by side on a wide screen, so that slider and gallery are visible together.
    outcome = ipywidgets.Box(
        [words, histogram], layout=ipywidgets.Layout(flex_flow="row wrap", align_items="center")
    )
    line = tiles.ScoreLine(scores, labels, threshold)

    def draw(_=None):
        histogram.value = tiles.png(line.at(slider.value))
        gallery.value = tiles.png(_nearest_sheet(scores, slider.value, pairs, cache)[0])
        # Last: when the new numbers are visible, the new images are too.
        words.value = _outcome_html(scores, labels, slider.value, digits)

    return with_controls(draw, [slider], outcome, gallery)


def image_widget(width=None):
    """An empty image widget of this width or of its image's own, at most as wide as the page."""
    return ipywidgets.Image(
        format="png",
        layout=ipywidgets.Layout(align_self="flex-start", width=width, max_width="100%"),
    )


def with_controls(draw, controls, *outputs):
    """Controls above outputs; `draw` fills the outputs now and whenever a control changes."""
    for control in controls:
        control.observe(draw, names="value")
    draw()
    return ipywidgets.VBox([*controls, *outputs])


def threshold_view(
    scores: np.ndarray,
    labels: np.ndarray,
    threshold: float,
    pairs: PairList,
    cache: FaceCache,
) -> Figure:
    """The static view of `threshold_slider`: the four outcomes and the pairs nearest to it."""
    scores, labels = np.asarray(scores), np.asarray(labels)
    image, captions = _nearest_sheet(scores, threshold, pairs, cache)
    return tiles.threshold_figure(
        metrics.confusion(scores, labels, threshold),
        image,
        captions,
        f"accuracy {metrics.accuracy_at(scores, labels, threshold):.1%}",
        f"Decisions at the threshold {threshold:.3f}",
    )


def _nearest_sheet(scores, threshold, pairs, cache):
    """The sheet of the pairs nearest to the threshold, by score, and its captions."""
    nearest = np.argsort(np.abs(scores - threshold), kind="stable")[:NUM_NEAREST]
    chosen = [(score, pairs.pairs[index]) for score, index in sorted(zip(scores[nearest], nearest))]
    captions = [
        f"{score:.3f}, {CLASS_NAMES[pair.label]}\n{pair.left}\n{pair.right}"
        for score, pair in chosen
    ]
    wrong = [(score >= threshold) != (pair.label == 1) for score, pair in chosen]
    return _pair_sheet([pair for _, pair in chosen], captions, wrong, cache)


def _pair_sheet(pairs, captions, wrong, cache):
    images = cache[[face for pair in pairs for face in (pair.left, pair.right)]]
    pair_tiles = [tiles.pair_tile(left, right) for left, right in zip(images[::2], images[1::2])]
    return tiles.sheet(pair_tiles, captions, wrong, COLUMNS), captions


def _outcome_html(scores, labels, threshold, digits):
    """Accuracy and the table of the four outcomes; a darker cell holds more of its row."""
    counts = np.array(metrics.confusion(scores, labels, threshold))
    num_correct = np.trace(counts)
    rows = ""
    for label, row in enumerate(counts):
        shares = row / max(1, row.sum())
        cells = [
            f'<td style="{CELL}:center;background:rgba(0,114,178,{0.6 * share:.2f})">'
            f"{count} ({share:.1%})</td>"
            for count, share in zip(row, shares)
        ]
        rows += f'<tr><th style="{CELL}:left">{CLASS_NAMES[label]}</th>{"".join(cells)}</tr>'
    return (
        f"<p><b>Threshold {threshold:.{digits}f}: accuracy {num_correct / counts.sum():.1%}</b>, "
        f"{num_correct} of {counts.sum()} pairs correct, {counts[0, 1]} false accepts, "
        f"{counts[1, 0]} false rejects.</p>"
        '<table style="white-space:nowrap"><tr><th></th><th>called different</th>'
        f"<th>called same</th></tr>{rows}</table>"
    )


def pair_browser(table: pd.DataFrame, cache: FaceCache) -> ipywidgets.Widget:
    """Pages of pairs, filtered by class, split, decision and name.

    Args:
        table: a DataFrame with the columns split, left, right and label: a `pair_table` or
            `Run.scores`. With the columns score and wrong, decisions can be filtered too.
        cache: the `FaceCache` with the images.

    Returns:
        A widget; display it.
    """
    kind = _filter("Class", {name: label for label, name in CLASS_NAMES.items()})
    split = _filter("Split", {name: name for name in table["split"].unique()})
    decision = _filter("Decision", {"correct": False, "wrong": True})
    name = ipywidgets.Text(description="Name", placeholder="part of a name")
    page = ipywidgets.IntSlider(
        min=1, max=1, description="Page", layout=ipywidgets.Layout(width="60%")
    )
    words, image = ipywidgets.HTML(), image_widget()

    def draw(change=None):
        if change and change["owner"] is not page and page.value > 1:
            page.value = 1  # a filter changed: back to the first page, whose own change draws it
            return
        chosen = filter_pairs(table, kind.value, split.value, decision.value, name.value)
        page.max = max(1, -(-len(chosen) // PAGE))
        start = PAGE * (page.value - 1)
        shown = chosen[start : start + PAGE]
        image.layout.display = None if len(shown) else "none"
        if len(shown):
            image.value = tiles.png(_browser_sheet(shown, cache)[0])
            numbers = f"{start + 1:,} to {start + len(shown):,} of {len(chosen):,} found"
            words.value = f"Pairs {numbers}, {len(table):,} in all."
        else:
            words.value = f"None of the {len(table):,} pairs passes these filters; loosen one."

    filters = [kind, split, decision, name] if "wrong" in table else [kind, split, name]
    return with_controls(draw, [*filters, page], words, image)


def _filter(name, values):
    """A dropdown of `{text: value}` with a first entry that filters nothing."""
    return ipywidgets.Dropdown(options=[("all", None), *values.items()], description=name)


def browser_view(table: pd.DataFrame, cache: FaceCache) -> Figure:
    """The static view of `pair_browser`: its first page without filters."""
    first = table[:PAGE]
    title = f"The first {len(first)} of {len(table):,} pairs"
    image, captions = _browser_sheet(first, cache)
    return tiles.sheet_figure(image, captions, title)


def filter_pairs(
    table: pd.DataFrame,
    label: int | None = None,
    split: str | None = None,
    wrong: bool | None = None,
    name: str = "",
) -> pd.DataFrame:
    """The rows that pass all filters; None and an empty name filter nothing; case is ignored."""
    for column, value in (("label", label), ("split", split), ("wrong", wrong)):
        if value is not None:
            table = table[table[column] == value]
    if text := name.strip().replace(" ", "_"):
        left, right = (
            table[side].str.contains(text, case=False, regex=False) for side in ("left", "right")
        )
        table = table[left | right]
    return table


def _browser_sheet(rows, cache):
    rows = rows.to_dict("records")
    scores = [f"{row['score']:.3f}, " if "score" in row else "" for row in rows]
    captions = [
        f"{score}{CLASS_NAMES[row['label']]} ({row['split']})\n{row['left']}\n{row['right']}"
        for score, row in zip(scores, rows)
    ]
    wrong = [row.get("wrong", False) for row in rows]
    return _pair_sheet([pair_of(row) for row in rows], captions, wrong, cache)


def sweep_explorer(settings: pd.DataFrame, original: dict | None = None) -> ipywidgets.Widget:
    """Dropdowns for an axis and a metric of a sweep above the metric's plot against the axis.

    Args:
        settings: the DataFrame of `settings_table`.
        original: the original's points by axis, if any; see `plots.against_axis`.

    Returns:
        A widget; display it.
    """
    axis = ipywidgets.Dropdown(options=list(settings["axis"].unique()), description="Axis")
    metric = ipywidgets.Dropdown(
        options=[(words, key) for key, words in sweeps.METRICS.items()], description="Metric"
    )
    image = image_widget()

    def draw(_=None):
        content = io.BytesIO()
        figure = sweep_view(settings, original, axis.value, metric.value)
        figure.savefig(content, format="png")
        image.value = content.getvalue()

    return with_controls(draw, [axis, metric], image)


def sweep_view(
    settings: pd.DataFrame,
    original: dict | None = None,
    axis: str | None = None,
    metric: str = "accuracy",
) -> Figure:
    """The static view of `sweep_explorer`: the metric against an axis, by default the first."""
    axis = axis or settings["axis"].iloc[0]
    rows = settings[settings["axis"] == axis]
    return sweeps.against_axis(rows, axis, "Sweep", metric, (original or {}).get(axis))
