"""Tables for notebooks: the full setup of experiments in groups, and tables that are folded."""

import html
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.pairs import CLASS_NAMES
from siamese_lib.notebook.display import SPACE, html_of
from siamese_lib.training.run import Run
from siamese_lib.utils.text import percent

# In each group the fields of an experiment in reading order, and what they mean.
GROUPS: dict[str, dict[str, str]] = {
    "data": {
        "dataset": "the collection of images and its lists",
        "view": "which of LFW's lists: 1 to choose with, 2 to report on",
        "fold": "the fold of view 2 that is tested",
        "align": "whether each face is found and aligned first",
        "groups": "whether people are compared within their group only",
        "protocol": "pairs: labelled pairs alone; people: also who is on each image",
        "split_by": "what is held out for validation: whole people, or pairs",
        "validation_fraction": "the share that is held out for validation",
        "training_fraction": "the share of the rest that is learnt from",
        "test_fraction": "the share of people who are only tested",
        "test_seed": "draws these people, and the pairs",
        "final": "whether the network learns from the held-out people too, at last",
        "seed": "draws weights, order, augmentation, and who is held out",
        "split_seed": "draws who is held out, instead of the seed",
    },
    "input": {
        "crop": "top, bottom, left, right in pixels of the image",
        "image_size": "height and width of the network's input",
        "test_time_flip": "whether an image and its mirror image are averaged in scoring",
        "symmetries": "rotated and mirrored copies that are classes of their own",
    },
    "network": {
        "encoder": "what turns an image into an embedding",
        "start_from": "a model file whose weights are the first ones",
        "embedding_size": "numbers in an embedding",
        "base_filters": "channels of the first stage, doubled at each of the next three",
        "dropout_rate": "the share of values that is set to zero in training",
        "joint_bayesian": "whether embeddings are compared by joint Bayesian",
        "members": "the runs that an ensemble combines",
    },
    "loss": {
        "loss": "what is minimised",
        "margin": "subtracted from the cosine to the true class",
        "cosine_scale": "the factor of a cosine before the softmax",
        "label_smoothing": "the share of a label that is spread over all classes",
        "max_images_per_person": "images of one person in an epoch, at most",
        "images_per_class": "images of one class side by side in a batch",
    },
    "optimiser": {
        "optimizer": "how the weights follow the gradient",
        "learning_rate": "the length of a step, at its largest",
        "learning_rate_schedule": "cosine: up in the first twentieth of the steps, then to zero",
        "weight_decay": "the share of a kernel that each step removes, times the learning rate",
        "batch_size": "pairs or images in a step",
        "num_epochs": "passes over the training data, at most",
        "mixed_precision": "the numbers that are multiplied; auto: by the processor",
    },
    "stopping": {
        "monitor": "what is measured on validation after each epoch",
        "early_stopping_patience": "epochs without improvement until training stops",
        "early_stopping_min_delta": "the least change that is an improvement",
        "restore_best_weights": "whether the weights of the best epoch are kept",
        "score_epochs": "epochs after which all pairs are scored",
    },
    "augmentation": {
        "flip": "whether half of the images are mirrored",
        "rotation_degrees": "rotated by up to so many degrees",
        "shear_range": "rows and columns shifted by up to this share",
        "scale_range": "enlarged or shrunk by up to this factor",
        "translation_fraction": "shifted by up to this share of height and width",
        "affine_probability": "the chance of each of the four changes above",
        "elastic_fraction": "distorted by up to this share of height and width",
        "fill_mode": "what is beyond the border",
        "contrast_range": "grey values stretched around their mean by up to this share",
        "brightness_range": "up to this share of white added",
        "erasing_probability": "the chance that a rectangle is covered",
    },
}
PLATEAU = 0.005  # of AUC or accuracy, below the best epoch
# Names, and what only a report reads: no settings.
NO_SETTINGS = ("experiment", "variant", "folder", "compare_with")


def folded(table: pd.DataFrame, title: str) -> Any:
    """A table that opens on a click on its title, as an IPython `HTML`."""
    from IPython.display import HTML

    summary = f"<summary>{html.escape(title)}</summary>"
    return HTML(f"<details>{summary}{html_of(table)}</details>")


def pair_rows(scores: pd.DataFrame, caption: str) -> pd.DataFrame:
    """Scored pairs as a narrow table: the two images, the truth, the score and why.

    Args:
        scores: rows of `Run.scores` with the further columns wrong and why.
        caption: the table's.
    """
    outcomes = {True: "wrong", False: "correct"}
    table = pd.DataFrame(
        {
            "pair": [f"{left}, {right}" for left, right in zip(scores["left"], scores["right"])],
            "truth": [CLASS_NAMES[label].replace(" ", SPACE) for label in scores["label"]],
            "score": scores["score"].map(percent).to_list(),
            "decision": scores["wrong"].map(outcomes).to_list(),
            "why": scores["why"].to_list(),
        }
    )
    table.attrs["caption"] = caption
    return table


def times_table(runs: Mapping[str, Run]) -> pd.DataFrame:
    """The times of runs, a row for each: until convergence, in all, for scoring.

    A training has converged after the first epoch from which on its AUC (or one-shot accuracy) on
    validation stays within `PLATEAU` of the best one. In a final training nobody is validated on.
    """
    rows = {}
    for name, run in runs.items():
        seconds, history = run.metrics["seconds"], run.history
        converged, best = _converged(history)
        until = history["seconds"][:converged].sum() / 60 if converged else None
        rows[name] = {
            "epochs": run.metrics["num_epochs"],
            "best epoch": best or "-",
            "converged after epoch": converged or "-",
            "minutes until then": "-" if until is None else f"{until:.1f}",
            "minutes in all": f"{seconds['train'] / 60:.1f}",
            "seconds an epoch": f"{seconds['epoch']:.1f}",
            "seconds to prepare": f"{seconds['prepare']:.1f}",
            "seconds to score": f"{seconds['predict']:.1f}",
        }
    return pd.DataFrame(rows).T


def _converged(history: pd.DataFrame) -> tuple[int | None, int | None]:
    """The epoch of convergence and the best epoch, from 1 on; None if none was validated."""
    for column in ("val_auc", "val_oneshot_accuracy"):
        if column in history:
            values = history[column].to_numpy()
            below = np.flatnonzero(values < values.max() - PLATEAU)
            return (int(below[-1]) + 2 if len(below) else 1), int(values.argmax()) + 1
    return None, None


def setup_table(experiments: Mapping[str, ExperimentConfig]) -> pd.DataFrame:
    """The settings that networks use, a row for each; what none of them uses is left out.

    Args:
        experiments: `{name: config}` of single networks.

    Returns:
        A DataFrame with the index (group, setting) and the columns meaning and one for each
        experiment, as text; "-" where a network does not use the setting.
    """
    rows = {}
    for group, fields in GROUPS.items():
        for name, meaning in fields.items():
            values = [
                _as_words(getattr(config, name)) if uses(config, name) else "-"
                for config in experiments.values()
            ]
            if set(values) != {"-"}:
                rows[group, name] = [meaning, *values]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["meaning", *experiments])
    table.index = pd.MultiIndex.from_tuples(table.index, names=["group", "setting"])
    return table


def uses(config: ExperimentConfig, name: str) -> bool:
    """Whether the result of a network depends on one of its settings."""
    value, is_used = getattr(config, name), _USED.get(name)
    if is_used:
        return is_used(config)
    if name in GROUPS["augmentation"] or name == "weight_decay":
        return bool(value)
    return value not in (None, (), "")


def _on_images(config: ExperimentConfig) -> bool:
    """Whether it is trained by epochs on images of known classes."""
    return config.learns_classes and not config.is_hand_crafted


def _by_epochs(config: ExperimentConfig) -> bool:
    return not config.is_hand_crafted


def _moves(config: ExperimentConfig) -> bool:
    return any(
        (
            config.rotation_degrees,
            config.shear_range,
            config.scale_range,
            config.translation_fraction,
            config.elastic_fraction,
        )
    )


# When a setting matters, for those that do not always.
_USED: dict[str, Callable[[Any], bool]] = {
    "view": lambda config: config.dataset in ("lfwa", "lfw-funneled"),
    "align": lambda config: config.dataset == "folder",
    "groups": lambda config: config.dataset == "folder",
    "test_fraction": lambda config: config.dataset == "folder",
    "test_seed": lambda config: config.dataset == "folder",
    "training_fraction": lambda config: config.training_fraction < 1.0,
    "symmetries": lambda config: config.symmetries > 1,
    "base_filters": lambda config: config.encoder == "compact",
    "dropout_rate": _by_epochs,
    "joint_bayesian": lambda config: config.learns_classes,
    "loss": _by_epochs,
    "margin": lambda config: _on_images(config) and config.loss == "margin_softmax",
    "cosine_scale": _on_images,
    "label_smoothing": lambda config: _on_images(config) and config.label_smoothing > 0,
    "max_images_per_person": lambda config: config.learns_classes,
    "images_per_class": lambda config: _on_images(config) and config.images_per_class > 1,
    **dict.fromkeys(
        ("optimizer", "learning_rate", "learning_rate_schedule", "batch_size"), _by_epochs
    ),
    **dict.fromkeys(("num_epochs", "mixed_precision", "monitor"), _by_epochs),
    "early_stopping_min_delta": lambda config: config.early_stopping_patience is not None,
    "restore_best_weights": _by_epochs,
    "affine_probability": lambda config: _moves(config) and config.affine_probability < 1.0,
    "fill_mode": _moves,
}


def _as_words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return "none" if value is None else str(value)
