"""The first weights of a network, from a model file, and what results say about it."""

from pathlib import Path
from typing import Any

from siamese_lib.config import ExperimentConfig
from siamese_lib.inference.model_file import read_model
from siamese_lib.utils.files import checksum, read_json
from siamese_lib.utils.machine import project_path


def take_weights(model: Any, config: ExperimentConfig, part: str) -> None:
    """Sets the weights of a part of a model to those of the model file in `config.start_from`.

    Args:
        model: a learner or a Siamese network.
        config: the experiment.
        part: "encoder" or "head".

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if its part has another architecture.
    """
    network, _ = read_model(project_path(config.start_from))
    old, new = network.get_layer(part), model.get_layer(part)
    if _shapes(old) != _shapes(new):
        raise ValueError(
            f"start_from needs the same {part}; take encoder, image_size, embedding_size, "
            "base_filters, loss and joint_bayesian from the model's .json. Received: "
            f"{config.start_from} with {old.count_params():,} parameters instead of "
            f"{new.count_params():,}"
        )
    new.set_weights(old.get_weights())


def _shapes(layer: Any) -> list[tuple]:
    return [layer.input_shape, *(weight.shape for weight in layer.get_weights())]


def origin(config: ExperimentConfig) -> dict[str, Any]:
    """What is known of the model in `config.start_from`, for the files of a run.

    Returns:
        model (the file's name), sha256, and the model's dataset, experiment and seed.
    """
    path = project_path(config.start_from)
    settings = _settings(path)
    known = {name: settings.get(name) for name in ("dataset", "experiment", "seed")}
    return {"model": path.name, "sha256": checksum(path), **known}


def with_known_people(config: ExperimentConfig, people: dict[str, str]) -> dict[str, str]:
    """The hashed people of a training, and those whom the model in `config.start_from` knew.

    All of the latter count as trained on: they shaped the weights.
    """
    known = _settings(project_path(config.start_from)).get("people") or {}
    return people | {"train": " ".join([people["train"], *known.values()]).strip()}


def _settings(path: Path) -> dict[str, Any]:
    return read_json(path.with_suffix(".json"))
