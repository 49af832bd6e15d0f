"""What the numbers of a notebook say, in sentences: computed, so that they hold for every run."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

LITTLE = 0.02  # a difference of AUC that is called little
ABOVE_CHANCE = 0.6  # an AUC from here on is called more than chance
NEARLY_ALL = 0.9  # of an image: what is left can hardly be called a background
FEW_EPOCHS = 5  # a training by epochs with fewer is called short


def of_qualities(qualities: Mapping[str, pd.DataFrame]) -> str:
    """In which quality the test images differ most from those of training.

    Args:
        qualities: for "train" and "test" the table of `data.image_qualities`.
    """
    train, test = qualities["train"], qualities["test"]
    differences = (test.mean() - train.mean()) / train.std()
    name = differences.abs().idxmax()
    side = "above" if differences[name] > 0 else "below"
    return (
        f"Largest difference: the mean {name} of the test images is {abs(differences[name]):.1f} "
        f"standard deviations {side} that of the training images."
    )


def of_curves(histories: Mapping[str, pd.DataFrame]) -> list[str]:
    """For each network how its AUC on validation went, and how far training runs ahead of it.

    Args:
        histories: `{name: Run.history}`; those without `val_auc` are left out.
    """
    sentences = []
    for name, history in histories.items():
        if "val_auc" not in history:
            continue
        first, best, last = (
            history["val_auc"].iloc[0],
            history["val_auc"].max(),
            history["val_auc"].iloc[-1],
        )
        epoch = int(history["epoch"][history["val_auc"].idxmax()])
        words = f"{name}: AUC on validation {first:.3f} after one epoch"
        if len(history) > 1:
            words += f", at most {best:.3f} (epoch {epoch}), {last:.3f} at the end"
        was_there = len(history) > 1 and first > ABOVE_CHANCE and best - first < LITTLE
        words += "; nearly all of it was there after one epoch." if was_there else "."
        if "auc" in history and history["auc"].iloc[-1] - last > LITTLE:
            words += (
                f" On training pairs it ends at {history['auc'].iloc[-1]:.3f}: a sign of "
                "overfitting."
            )
        sentences.append(words)
    return sentences


def of_results(metrics: Mapping[str, Mapping[str, Any]], baseline: Mapping[str, Any]) -> list[str]:
    """For each network how many more test pairs it decides correctly than pixels alone.

    Args:
        metrics: `{name: metrics of the test pairs}`, with `num_epochs` of the training, 0 for one
            in one step.
        baseline: the metrics of the pixels on the same pairs.
    """
    sentences = []
    for name, of_test in metrics.items():
        gain = 100 * (of_test["accuracy"] - baseline["accuracy"])
        (low, high), (pixel_low, pixel_high) = (
            each["accuracy_interval"] for each in (of_test, baseline)
        )
        apart = low > pixel_high or high < pixel_low
        words = (
            f"{name} decides {abs(gain):.1f} points {'more' if gain >= 0 else 'fewer'} of the test "
            f"pairs correctly than pixels alone; the intervals {'do not ' if apart else ''}overlap."
        )
        if 0 < of_test["num_epochs"] < FEW_EPOCHS:
            words += (
                f" It was trained for {of_test['num_epochs']} epochs only: this shows the way it "
                "is done and not what the recipe can reach."
            )
        sentences.append(words)
    return sentences


def of_background(face: float, background: float, covered: float) -> str:
    """What the AUC with faces alone and with backgrounds alone says about a network.

    Args:
        face, background: the two AUCs.
        covered: the share of the image that the face takes.
    """
    numbers = f"(AUC {background:.3f} with the background alone, {face:.3f} with the face alone)"
    if background < ABOVE_CHANCE:
        explanation = "look at faces" if face >= ABOVE_CHANCE else "need both parts together"
        return f"The background alone says little {numbers}: these decisions {explanation}."
    if covered > NEARLY_ALL:
        return (
            f"The face takes {covered:.0%} of the image, and the corners that are left say less "
            f"{numbers}: this network decides by the face."
        )
    if background > face - LITTLE:
        return (
            f"The background alone says as much as the face alone {numbers}: much of what this "
            "network uses are hair, clothes and the wall."
        )
    return (
        f"The background alone still ranks pairs {numbers}: hair, clothes and the wall help this "
        "network, but the face says more."
    )


def of_oneshot(table: pd.DataFrame) -> list[str]:
    """For each method whether its intervals lie above the pixels' accuracies in one-shot trials.

    Args:
        table: as `evaluation.oneshot_accuracies` returns it, of one or more methods.
    """
    pixels = table[table["method"] == "pixels"].set_index("ways")["accuracy"]
    sentences = []
    for method, rows in table.groupby("method", sort=False):
        rows = rows[rows["ways"].isin(pixels.index)].set_index("ways")
        if method in ("pixels", "chance") or rows.empty:
            continue
        gains = 100 * (rows["accuracy"] - pixels[rows.index])
        above = rows.index[rows["low"] > pixels[rows.index]]
        below = rows.index[rows["high"] < pixels[rows.index]]
        numbers = ", ".join(f"{ways}-way {gain:+.1f}" for ways, gain in gains.items())
        if len(above) == len(rows):
            compared = "above the pixels for every N"
        elif len(above) or len(below):
            parts = [f"above the pixels for N = {_listed(above)}" if len(above) else ""]
            parts.append(f"below them for N = {_listed(below)}" if len(below) else "")
            compared = " and ".join(filter(None, parts)) + " only"
        else:
            compared = "neither above nor below the pixels for any N"
        sentences.append(f"{method}: {compared} (points: {numbers}).")
    return sentences


def of_people(errors: pd.DataFrame, num_accepts: int) -> str:
    """Who takes part in the most false accepts.

    Args:
        errors: as `evaluation.errors_by_person` returns it.
        num_accepts: the number of false accepts.
    """
    if not num_accepts or errors.empty:
        return "There is no false accept."
    worst = errors.loc[errors["false_accepts"].idxmax()]
    return (
        f"{worst['person']} takes part in {worst['false_accepts']} of the {num_accepts} false "
        f"accepts; {len(errors)} people take part in any error."
    )


def _listed(values: Sequence[Any] | pd.Index) -> str:
    return ", ".join(map(str, values))
