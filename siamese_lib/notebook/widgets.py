"""Interactive views for notebooks: a threshold to drag, pairs to leaf through, a crop and an augmentation to set, a sweep to look at.

Each is a widget and, under the same name with `_view`, the static twin: a figure of what the widget shows first. Written with what
ipywidgets 7.7 (Colab) and 8 share. A widget's images are bytes in an `Image`, which follow a dragged slider; figures would not.
"""

import dataclasses
import html
import io
import math

import ipywidgets
import numpy as np
from PIL import Image

from siamese_lib.config import RANGES
from siamese_lib.data.images import crop_box, decode_image
from siamese_lib.data.pairs import CLASS_NAMES, pair_of, parse_face
from siamese_lib.evaluation import metrics
from siamese_lib.inference.explain import occlusion_maps
from siamese_lib.plots import galleries, sweeps
from siamese_lib.plots.galleries import explained_pairs, neighbour_rows
from siamese_lib.plots.tiles import (
    ScoreLine,
    outlined,
    pair_tile,
    png,
    sheet,
    sheet_figure,
    threshold_figure,
)


def scored_gallery(scores, cache, threshold, title):
    """The gallery of scored pairs, each with its names, its score and its distance to the threshold.

    Args:
        scores: rows of `Run.scores` with the further column `wrong`.
        cache: the `FaceCache` with the images.
        threshold: what the scores were compared with.
        title: the figure's title.
    """
    rows = scores.to_dict("records")
    images = [cache[pair_of(row)[:2]] for row in rows]
    captions = [
        f"{row['score']:.4f} ({row['score'] - threshold:+.3f})\n{row['left']}\n{row['right']}"
        for row in rows
    ]
    return galleries.pair_gallery(
        images,
        captions,
        [row["wrong"] for row in rows],
        title if rows else f"{title}: there are none",
    )


def explained_gallery(verifier, cache, scores, threshold, title):
    """Scored pairs, each with its names, its score, its distance to the threshold, and the occlusion maps of both faces.

    Args:
        verifier: the `Verifier` that gave the scores.
        cache: the `FaceCache` with the images.
        scores: rows of `Run.scores` with the further column `wrong`.
        threshold: what the scores were compared with.
        title: the figure's title.
    """
    rows = scores.to_dict("records")
    images = [cache[pair_of(row)[:2]] for row in rows]
    maps = [occlusion_maps(verifier, *pair) for pair in images]
    captions = [
        f"{row['left']} / {row['right']}: {row['score']:.4f} ({row['score'] - threshold:+.3f})"
        for row in rows
    ]
    return explained_pairs(
        images,
        maps,
        captions,
        [row["wrong"] for row in rows],
        title if rows else f"{title}: there are none",
    )


def neighbour_sheet(table, cache, title):
    """The figure of a table of neighbours: each probe with its nearest faces, somebody else framed.

    Args:
        table: as `nearest_faces` gives it.
        cache: the `FaceCache` with the images.
        title: the figure's title.
    """
    rows = []
    for probe, near in table.groupby("probe", sort=False):
        images = cache[[parse_face(name) for name in (probe, *near["neighbour"])]]
        rows.append(
            (
                images[0],
                probe,
                list(zip(images[1:], near["neighbour"], near["score"], ~near["same_person"])),
            )
        )
    return neighbour_rows(rows, title)


NUM_NEAREST = 6  # pairs beside the threshold
PAGE = 6  # pairs on a page of the browser
COLUMNS = 3
NUM_COPIES = 8  # augmented copies of a face
ANY = "all"
AUGMENTATIONS = (
    "rotation_degrees",
    "scale_range",
    "translation_fraction",
    "contrast_range",
    "brightness_range",
    "erasing_probability",
)


def threshold_slider(scores, labels, threshold, pairs, cache):
    """Moves the threshold and shows while it is dragged what becomes of the decisions.

    Args:
        scores, labels: `(num_pairs,)`.
        threshold: where the slider starts.
        pairs: the `PairList` of the scores; those nearest to the threshold are shown.
        cache: the `FaceCache` with its images.

    Returns:
        A widget; display it.
    """
    scores, labels = np.asarray(scores), np.asarray(labels)
    low, high = float(scores.min()), float(scores.max())
    step = max((high - low) / 200, 1e-6)
    digits = max(
        3, math.ceil(-math.log10(step))
    )  # scores may lie close together: a step must be seen in the numbers
    slider = ipywidgets.FloatSlider(
        value=threshold,
        min=min(low, threshold),
        max=max(high, threshold),
        step=step,
        description="Threshold",
        readout_format=f".{digits}f",
        layout=ipywidgets.Layout(width="90%"),
    )
    words, histogram, gallery = (
        ipywidgets.HTML(layout=ipywidgets.Layout(width="23rem")),
        _image("36rem"),
        _image(),
    )
    # Side by side where there is room, so that slider and gallery are seen at once.
    outcome = ipywidgets.Box(
        [words, histogram], layout=ipywidgets.Layout(flex_flow="row wrap", align_items="center")
    )
    line = ScoreLine(scores, labels, threshold)

    def draw(_=None):
        histogram.value = png(line.at(slider.value))
        gallery.value = png(_nearest_sheet(scores, slider.value, pairs, cache)[0])
        # Last, so that who reads the new numbers sees the new images.
        words.value = _outcome_html(scores, labels, slider.value, digits)

    slider.observe(draw, names="value")
    draw()
    return ipywidgets.VBox([slider, outcome, gallery])


def _image(width=None):
    """An empty image that is shown in this width or its own, where there is room."""
    return ipywidgets.Image(
        format="png",
        layout=ipywidgets.Layout(align_self="flex-start", width=width, max_width="100%"),
    )


def threshold_view(scores, labels, threshold, pairs, cache):
    """The static twin of `threshold_slider`: the four outcomes at the threshold and the pairs nearest to it."""
    scores, labels = np.asarray(scores), np.asarray(labels)
    counts = metrics.confusion(scores, labels, threshold)
    accuracy = metrics.accuracy_at(scores, labels, threshold)
    sheet = _nearest_sheet(scores, threshold, pairs, cache)
    return threshold_figure(
        counts, *sheet, f"accuracy {accuracy:.1%}", f"Decisions at the threshold {threshold:.3f}"
    )


def _nearest_sheet(scores, threshold, pairs, cache):
    """The sheet and its captions, as the two others give them."""
    nearest = np.argsort(np.abs(scores - threshold), kind="stable")[:NUM_NEAREST]
    chosen = [(score, pairs.pairs[place]) for score, place in sorted(zip(scores[nearest], nearest))]
    captions = [
        f"{score:.3f}, {CLASS_NAMES[pair.label]}\n{pair.left}\n{pair.right}"
        for score, pair in chosen
    ]
    wrong = [(score >= threshold) != (pair.label == 1) for score, pair in chosen]
    return _pair_sheet([pair for _, pair in chosen], captions, wrong, cache)


def _pair_sheet(pairs, captions, wrong, cache):
    images = cache[[face for pair in pairs for face in (pair.left, pair.right)]]
    tiles = [pair_tile(left, right) for left, right in zip(images[::2], images[1::2])]
    return sheet(tiles, captions, wrong, COLUMNS), captions


def _outcome_html(scores, labels, threshold, digits):
    """Accuracy and the table of the four outcomes; a darker cell holds more of its row, as in `figures.confusion_matrix`."""
    counts = np.array(metrics.confusion(scores, labels, threshold))
    right = counts[0, 0] + counts[1, 1]
    rows = []
    for truth, name in enumerate(("different people", "same person")):
        shares = counts[truth] / max(1, counts[truth].sum())
        cells = [
            f'<td style="padding:4px 6px;text-align:center;background:rgba(0,114,178,{0.6 * share:.2f})">{count} ({share:.1%})</td>'
            for count, share in zip(counts[truth], shares)
        ]
        rows.append(
            f'<tr><th style="padding:4px 6px;text-align:left">{name}</th>{"".join(cells)}</tr>'
        )
    return (
        f"<p><b>Threshold {threshold:.{digits}f}: accuracy {right / counts.sum():.1%}</b>, {right} of {counts.sum()} pairs right, "
        f"{counts[0, 1]} strangers accepted, {counts[1, 0]} same pairs rejected.</p>"
        f'<table style="white-space:nowrap"><tr><th></th><th>called different</th><th>called same</th></tr>{"".join(rows)}</table>'
    )


def pair_browser(table, cache):
    """Leafs through pairs, filtered by class, part, decision and name.

    Args:
        table: a DataFrame with the columns split, left, right, label, as `inspection.pair_table` or `Run.scores` gives them; with the
            columns score and wrong, decisions can be filtered too.
        cache: the `FaceCache` with the images.

    Returns:
        A widget; display it.
    """
    kind = ipywidgets.Dropdown(
        options=[(ANY, None)] + [(name, label) for label, name in CLASS_NAMES.items()],
        description="Class",
    )
    split = ipywidgets.Dropdown(
        options=[(ANY, None)] + [(name, name) for name in table["split"].unique()],
        description="Split",
    )
    decision = ipywidgets.Dropdown(
        options=[(ANY, None), ("correct", False), ("wrong", True)], description="Decision"
    )
    name = ipywidgets.Text(description="Name", placeholder="a part of a name")
    page = ipywidgets.IntSlider(
        min=1, max=1, description="Page", layout=ipywidgets.Layout(width="60%")
    )
    words, image = ipywidgets.HTML(), _image()

    def draw(_=None):
        chosen = filter_pairs(table, kind.value, split.value, decision.value, name.value)
        page.max = max(1, -(-len(chosen) // PAGE))
        start = PAGE * (page.value - 1)
        words.value = _page_words(start, len(chosen), len(table))
        image.layout.display = None if len(chosen) else "none"
        if len(chosen):
            image.value = png(_browser_sheet(chosen[start : start + PAGE], cache)[0])

    def start_again(_):
        if page.value == 1:
            draw()
        else:
            page.value = 1  # which draws

    filters = [kind, split, decision, name] if "wrong" in table else [kind, split, name]
    for one in filters:
        one.observe(start_again, names="value")
    page.observe(draw, names="value")
    draw()
    return ipywidgets.VBox([*filters, page, words, image])


def browser_view(table, cache):
    """The static twin of `pair_browser`: its first page, nothing filtered."""
    first = table[:PAGE]
    return sheet_figure(
        *_browser_sheet(first, cache), f"The first {len(first)} of {len(table):,} pairs"
    )


def filter_pairs(table, label=None, split=None, wrong=None, name=""):
    """The rows that fit all filters; None and an empty name let everything pass, upper and lower case are alike."""
    for column, wanted in (("label", label), ("split", split), ("wrong", wrong)):
        if wanted is not None:
            table = table[table[column] == wanted]
    if wanted := name.strip().replace(" ", "_"):
        named = [
            column.str.contains(wanted, case=False, regex=False)
            for column in (table["left"], table["right"])
        ]
        table = table[named[0] | named[1]]
    return table


def _page_words(start, num_chosen, num_pairs):
    if not num_chosen:
        return f"None of the {num_pairs:,} pairs fits these filters; loosen one of them."
    return f"Pairs {start + 1:,} to {min(start + PAGE, num_chosen):,} of {num_chosen:,} that fit, {num_pairs:,} in all."


def _browser_sheet(rows, cache):
    rows = rows.to_dict("records")
    pairs = [pair_of(row) for row in rows]
    first = [
        f"{row['score']:.3f}, {CLASS_NAMES[row['label']]}"
        if "score" in row
        else CLASS_NAMES[row["label"]]
        for row in rows
    ]
    captions = [
        f"{line} ({row['split']})\n{row['left']}\n{row['right']}" for line, row in zip(first, rows)
    ]
    return _pair_sheet(pairs, captions, [row.get("wrong", False) for row in rows], cache)


def augmentation_preview(dataset, face, config):
    """Sets the crop and the augmentation and shows a face as the network would see it in training.

    Args:
        dataset: the `FaceFiles` or `FaceDataset` that holds the face.
        face: a `Face`.
        config: the `ExperimentConfig` whose crop and ranges the sliders start from.

    Returns:
        A widget; display it.
    """
    content = dataset.source.read(dataset.files[face])
    height, width = _size(content)
    original = Image.fromarray(decode_image(content, None, (height, width), str(face)))
    top, bottom, left, right = np.clip(
        crop_box(original, config.crop), 0, [height, height, width, width]
    ).tolist()
    rows = ipywidgets.IntRangeSlider(value=(top, bottom), min=0, max=height, description="Rows")
    columns = ipywidgets.IntRangeSlider(
        value=(left, right), min=0, max=width, description="Columns"
    )
    flip = ipywidgets.Checkbox(value=config.flip, description="Mirror half")
    ranges = {}
    for field in AUGMENTATIONS:
        low, high = RANGES[field]
        name = field.split("_")[0].capitalize()
        ranges[field] = ipywidgets.FloatSlider(
            value=getattr(config, field),
            min=low,
            max=high,
            step=(high - low) / 180,
            description=name,
        )
    words, image = ipywidgets.HTML(), _image()

    def draw(_=None):
        values = {field: slider.value for field, slider in ranges.items()}
        try:
            changed = dataclasses.replace(
                config, crop=(*rows.value, *columns.value), flip=flip.value, **values
            )
            image.value = png(_augmentation_sheet(content, str(face), changed)[0])
            words.value = f"crop: {list(changed.crop)}, " + ", ".join(
                f"{field}: {value:.3g}" for field, value in values.items()
            )
        except ValueError as error:  # a crop of no height
            words.value = html.escape(str(error))

    controls = [rows, columns, flip, *ranges.values()]
    for one in controls:
        one.observe(draw, names="value")
    draw()
    return ipywidgets.VBox([*controls, words, image])


def augmentation_view(dataset, face, config):
    """The static twin of `augmentation_preview`: the face, what the network sees of it, and augmented copies as the config says."""
    sheet = _augmentation_sheet(dataset.source.read(dataset.files[face]), str(face), config)
    return sheet_figure(*sheet, f"Crop and augmentation of {config.experiment}")


def _size(content):
    with Image.open(io.BytesIO(content)) as image:
        return image.height, image.width


def _augmentation_sheet(content, name, config):
    from siamese_lib.training.pipeline import augmented_copies

    original = decode_image(content, None, _size(content), name)
    seen = decode_image(content, config.crop, config.image_size, name)
    copies = augmented_copies(seen[:, :, np.newaxis], config, NUM_COPIES)
    captions = [
        "the image and its crop",
        "seen by the network",
        *(f"in training, {place + 1}" for place in range(NUM_COPIES)),
    ]
    tiles = [outlined(original, config.crop), seen, *copies]
    return sheet(tiles, captions, [False] * len(tiles), columns=5), captions


def sweep_explorer(settings, original=None):
    """Chooses an axis and a metric of a sweep and draws one against the other.

    Args:
        settings: a DataFrame, as `sweep_statistics.settings_table` gives it.
        original: nothing, or the original's points by axis; see `sweep_figures.against_axis`.

    Returns:
        A widget; display it.
    """
    axis = ipywidgets.Dropdown(options=list(settings["axis"].unique()), description="Axis")
    metric = ipywidgets.Dropdown(
        options=[(words, key) for key, words in sweeps.METRICS.items()], description="Metric"
    )
    image = _image()

    def draw(_=None):
        content = io.BytesIO()
        _sweep_figure(settings, axis.value, metric.value, original).savefig(content, format="png")
        image.value = content.getvalue()

    for one in (axis, metric):
        one.observe(draw, names="value")
    draw()
    return ipywidgets.VBox([axis, metric, image])


def sweep_view(settings, original=None):
    """The static twin of `sweep_explorer`: the accuracy against the first axis."""
    return _sweep_figure(settings, settings["axis"].iloc[0], next(iter(sweeps.METRICS)), original)


def _sweep_figure(settings, axis, metric, original):
    rows = settings[settings["axis"] == axis]
    return sweeps.against_axis(rows, axis, "Sweep", metric, (original or {}).get(axis))
