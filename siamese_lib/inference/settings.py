"""The settings beside a network's weights, checked."""

from pathlib import Path
from typing import Any

from siamese_lib.config import ExperimentConfig, Share
from siamese_lib.utils.fields import checked, with_current_names

# Without these, nothing can be scored.
SETTINGS = {
    name: ExperimentConfig.__dataclass_fields__[name].type
    for name in ("crop", "image_size", "test_time_flip")
} | {"threshold": Share}


def checked_settings(settings: Any, path: Path) -> dict[str, Any]:
    """Settings with today's names.

    Args:
        settings: as they were read.
        path: of their file, for the message.

    Raises:
        ValueError: if one is missing, or has no possible value.
    """
    try:
        settings = with_current_names(settings, "field")
        for name, annotation in SETTINGS.items():
            checked(name, annotation, settings[name])
        crop = settings["crop"]
        if isinstance(crop, list) and not (0 <= crop[0] < crop[1] and 0 <= crop[2] < crop[3]):
            raise ValueError("crop is empty")
        if min(settings["image_size"]) < 1:
            raise ValueError("image_size is not positive")
        people = settings.get("people", {})
        if people and not all(isinstance(people[name], str) for name in ("train", "validation")):
            raise ValueError("people are not two texts")
        if "calibration" in settings:
            counts = ("num_people", "num_same", "num_different")
            record = settings["calibration"]
            if not all(isinstance(record[name], int) for name in counts):
                raise ValueError("a calibration without its numbers of people and pairs")
            checked("false_accept_rate", Share | None, record["false_accept_rate"])
            str(record["date"])
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise ValueError(
            f"{path} must hold {', '.join(SETTINGS)} (and people, if any, as two texts); restore "
            f"the one that was saved with the model. Received: {reason[:200]}"
        ) from error
    return settings
