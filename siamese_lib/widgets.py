"""Interactive views for notebooks; each shows what one function of `figures` draws, which is its static twin.

Written with what ipywidgets 7.7 (Colab) and 8 share.
"""

import ipywidgets
from IPython.display import display

from siamese_lib import evaluation, figures
from siamese_lib.inspection import pair_caption


def pair_browser(pairs, cache):
    """Leafs through a `PairList`, one class at a time.

    Args:
        pairs: a `PairList`.
        cache: the `FaceCache` with its pictures.

    Returns:
        A widget; display it.
    """
    by_class = {figures.CLASS_NAMES[label]: [pair for pair in pairs if pair.label == label] for label in (1, 0)}
    kind = ipywidgets.Dropdown(options=list(by_class), description="Class")
    place = ipywidgets.IntSlider(min=0, max=len(by_class[kind.value]) - 1, description="Pair", continuous_update=False)
    output = ipywidgets.Output()

    def draw(_=None):
        chosen = by_class[kind.value]
        place.max = len(chosen) - 1
        pair = chosen[min(place.value, place.max)]
        with output:
            output.clear_output(wait=True)
            display(browsed_pair(pair, cache))

    kind.observe(draw, names="value")
    place.observe(draw, names="value")
    draw()
    return ipywidgets.VBox([kind, place, output])


def browsed_pair(pair, cache):
    """The figure that the pair browser shows for one pair."""
    left, right = cache[[pair.left, pair.right]]
    return figures.pair_gallery([(left, right)], [pair_caption(pair)], [False], figures.CLASS_NAMES[pair.label], columns=1)


def threshold_slider(scores, labels, threshold):
    """Moves the threshold and shows what it does to the four outcomes.

    Args:
        scores, labels: `(num_pairs,)`.
        threshold: where the slider starts.

    Returns:
        A widget; display it.
    """
    low, high = float(min(scores)), float(max(scores))
    slider = ipywidgets.FloatSlider(
        value=threshold, min=low, max=high, step=(high - low) / 200, description="Threshold", readout_format=".3f", continuous_update=False
    )
    output = ipywidgets.Output()

    def draw(_=None):
        with output:
            output.clear_output(wait=True)
            display(outcome_at(scores, labels, slider.value))

    slider.observe(draw, names="value")
    draw()
    return ipywidgets.VBox([slider, output])


def outcome_at(scores, labels, threshold):
    """The figure that the threshold slider shows at one threshold."""
    accuracy = evaluation.accuracy_at(scores, labels, threshold)
    counts = evaluation.confusion(scores, labels, threshold)
    return figures.confusion_matrix(counts, f"Threshold {threshold:.3f}: accuracy {accuracy:.1%}")
