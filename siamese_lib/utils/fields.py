"""Typed fields: values checked against annotations, and the names that earlier versions used."""

import math
import re
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

# Names of earlier versions, used only when reading what such a version wrote: fields of configs and
# model settings, keys of metrics, columns of tables; and values that changed with their field.
OLD_NAMES = {
    "field": {
        "images_together": "images_per_class",
        "outside": "fill_mode",
        "bend_fraction": "elastic_fraction",
        "warp_probability": "affine_probability",
        "mirror_averaging": "test_time_flip",
        "shift_fraction": "translation_fraction",
        "width": "base_filters",
        "weights": "restore_best_weights",
    },
    "metric": {"test_many": "test_400", "num_runs": "num_trial_sets", "pictures": "images"},
    "column": {
        "val_oneshot": "val_oneshot_accuracy",
        "part": "split",
        "run": "trial_set",
        "right": "correct",
    },
}
OLD_VALUES: dict[str, dict[str, Any]] = {
    "crop": {"ink": "bounding_box"},
    "fill_mode": {"mirror": "reflect", "white": "constant"},
    "restore_best_weights": {"last": False, "best": True},
    "monitor": {"val_oneshot": "val_oneshot_accuracy"},
}


class Between(NamedTuple):
    """The closed range of a number, as an annotation of a field."""

    low: float
    high: float


def alternatives(annotation: Any) -> tuple:
    """The alternatives of `A | B | None`, or the annotation alone."""
    union = get_origin(annotation) in (Union, UnionType)
    return get_args(annotation) if union else (annotation,)


def checked(name: str, annotation: Any, value: Any) -> Any:
    """`value` in the type that a field's annotation names.

    Raises:
        ValueError: if it has another type or is out of its range, with what the field takes.
    """
    kinds = alternatives(annotation)
    if value is None and NoneType in kinds:
        return None
    literals = [item for kind in kinds if get_origin(kind) is Literal for item in get_args(kind)]
    if any(value == item and type(value) is type(item) for item in literals):
        return value
    kind = next((kind for kind in kinds if get_origin(kind) is not Literal), None)
    if kind is None:
        raise ValueError(f"{name} is one of {', '.join(map(str, literals))}. Received: {value!r}")
    if get_origin(kind) is tuple:
        return _checked_items(name, get_args(kind), value, literals)
    kind, *limits = get_args(kind) if get_origin(kind) is Annotated else (kind,)
    value = _as_float(value) if kind is float else value
    if type(value) is not kind:
        words = {bool: "true or false", str: "text", int: "a whole number", float: "a number"}
        raise ValueError(f"{name} takes {words[kind]}. Received: {value!r}")
    for limit in limits:
        if isinstance(limit, Between) and not limit.low <= value <= limit.high:
            raise ValueError(
                f"{name} lies between {limit.low} and {limit.high}. Received: {value!r}"
            )
        if isinstance(limit, re.Pattern) and not limit.fullmatch(value):
            raise ValueError(f"{name} takes runs, EXPERIMENT/seed_N. Received: {value!r}")
    return value


def _checked_items(name: str, kinds: tuple, value: Any, literals: list) -> tuple:
    """A list of values as a tuple: of a fixed length, or of any with `(kind, ...)`."""
    several = Ellipsis in kinds
    if not isinstance(value, (list, tuple)) or not (several or len(value) == len(kinds)):
        wanted = "a list" if several else f"{len(kinds)} whole numbers"
        raise ValueError(f"{name} takes {' or '.join([wanted, *literals])}. Received: {value!r}")
    try:
        return tuple(checked(name, kinds[0], item) for item in value)
    except ValueError as error:
        if several:
            raise
        raise ValueError(f"{name} takes {len(kinds)} whole numbers. Received: {value!r}") from error


def _as_float(value: Any) -> Any:
    """A number as a float; YAML 1.1 reads 1e-4, without a dot, as text. Else the value itself."""
    try:
        number = float(value) if type(value) in (int, float, str) else math.nan
    except (ValueError, OverflowError):
        return value
    return number if math.isfinite(number) else str(value)


def with_current_names(values: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Values of an earlier version under today's names.

    Args:
        values: a dict that may hold further ones.
        kind: a key of `OLD_NAMES`.
    """
    current = {}
    for name, value in values.items():
        name = OLD_NAMES[kind].get(name, name)
        if isinstance(value, dict):
            value = with_current_names(value, kind)
        elif isinstance(value, str):
            value = OLD_VALUES.get(name, {}).get(value, value)
        current[name] = value
    return current
