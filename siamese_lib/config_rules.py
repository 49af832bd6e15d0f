"""Which values of an experiment fit together; the ranges of single values stand at its fields."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from siamese_lib.config import ExperimentConfig

Rules = Iterator[tuple[object, str]]  # whether it is broken, and what to say then
# Fields for dataset: folder alone.
OF_FOLDER = ("align", "groups", "test_fraction", "test_seed")


def check_rules(config: "ExperimentConfig") -> None:
    """Raises a ValueError with the sentence of the first rule that a config breaks."""
    rules = [_image_rules, _data_rules, _training_rules, _ensemble_rules]
    if config.encoder != "ensemble":
        rules.append(_supervision_rules)
    for each in rules:
        for broken, sentence in each(config):
            if broken:
                raise ValueError(sentence)


def _image_rules(config: "ExperimentConfig") -> Rules:
    size = list(config.image_size)
    if isinstance(config.crop, tuple):
        top, bottom, left, right = config.crop
        yield (
            not (0 <= top < bottom and 0 <= left < right),
            "crop is [top, bottom, left, right] with top < bottom, left < right. "
            f"Received: {list(config.crop)}",
        )
    yield (
        not all(32 <= side <= 1024 for side in size),
        f"image_size is [height, width], each from 32 to 1024. Received: {size}",
    )
    yield (
        config.encoder == "koch" and min(size) < 85,
        f"The koch encoder needs an image_size of 85 or more. Received: {size}",
    )


def _data_rules(config: "ExperimentConfig") -> Rules:
    yield (
        config.monitor == "val_oneshot_accuracy"
        and not (config.dataset == "omniglot" or config.groups),
        "monitor: val_oneshot_accuracy needs a dataset with groups, as omniglot. "
        f"Received: dataset {config.dataset}",
    )
    fields = config.__dataclass_fields__
    given = [name for name in OF_FOLDER if getattr(config, name) != fields[name].default]
    yield (
        given and config.dataset != "folder",
        f"{' and '.join(given)} are for dataset: folder; others have lists of their own. "
        f"Received: dataset {config.dataset}",
    )
    yield (
        (config.view == 2) != (config.fold is not None),
        "view: 2 and fold belong together: View 2 has ten folds, and a run tests one. "
        f"Received: view {config.view}, fold {config.fold}",
    )
    yield (
        config.view == 2 and config.dataset not in ("lfwa", "lfw-funneled"),
        f"view: 2 is one of LFW's. Received: dataset {config.dataset}",
    )


def _training_rules(config: "ExperimentConfig") -> Rules:
    last = max(config.score_epochs, default=0)
    yield (
        last > config.num_epochs,
        "score_epochs are epochs of the training, at most num_epochs. "
        f"Received: {last} of {config.num_epochs}",
    )
    yield (
        config.weight_decay and config.optimizer != "adamw",
        "weight_decay needs optimizer: adamw. "
        f"Received: weight_decay {config.weight_decay}, optimizer {config.optimizer}",
    )
    yield (
        config.start_from and config.encoder not in ("compact", "koch"),
        "start_from is for a network, encoder: compact or koch. "
        f"Received: encoder {config.encoder}",
    )
    yield (
        config.final and config.early_stopping_patience is not None,
        "final: true is for a network without early_stopping_patience: nobody is held out who "
        f"could stop it. Received: early_stopping_patience {config.early_stopping_patience}",
    )
    yield (
        config.score_epochs and not config.shorter_runs_are_prefixes,
        "score_epochs needs a network, learning_rate_schedule: constant and "
        "restore_best_weights: false; otherwise a shorter training would differ. Received: "
        f"{config.encoder}, {config.learning_rate_schedule}, {config.restore_best_weights}",
    )


def _ensemble_rules(config: "ExperimentConfig") -> Rules:
    yield (
        len(set(config.members)) < len(config.members),
        "An ensemble names each member once; remove the repeated ones. "
        f"Received: {', '.join(config.members)}",
    )
    yield (
        (config.encoder == "ensemble") != bool(config.members),
        "encoder: ensemble and members belong together. "
        f"Received: encoder {config.encoder}, {len(config.members)} members",
    )


def _supervision_rules(config: "ExperimentConfig") -> Rules:
    """Protocol, encoder, loss and sampling."""
    yield (
        config.split_by == "pair" and config.protocol != "pairs",
        "split_by: pair is for protocol pairs; protocol people holds out whole people. "
        f"Received: protocol {config.protocol}",
    )
    yield (
        config.is_hand_crafted and not config.joint_bayesian,
        f"encoder: {config.encoder} needs joint_bayesian: true. Received: false",
    )
    needs_classes = {
        "Protocol people": config.protocol == "people",
        "joint_bayesian": config.joint_bayesian,
    }
    for name in filter(needs_classes.get, needs_classes):
        yield (
            not config.learns_classes,
            f"{name} needs a loss of classes, as margin_softmax. Received: loss {config.loss}",
        )
    trains_on_classes = config.learns_classes and not config.is_hand_crafted
    yield (
        trains_on_classes and (config.encoder == "koch" or config.monitor == "val_loss"),
        "A loss of classes needs encoder: compact and monitor: val_auc or val_oneshot_accuracy. "
        f"Received: encoder {config.encoder}, monitor {config.monitor}",
    )
    square = config.image_size[0] == config.image_size[1]
    yield (
        config.symmetries > 1 and not (trains_on_classes and square and not config.flip),
        "symmetries need a network with a loss of classes, square images and flip: false. "
        f"Received: encoder {config.encoder}, loss {config.loss}, "
        f"image_size {list(config.image_size)}, flip {config.flip}",
    )
    compares_in_batch = config.loss in ("batch_hard_triplet", "supervised_contrastive")
    yield (
        not 1 + compares_in_batch <= config.images_per_class <= config.max_images_per_person,
        "images_per_class is at most max_images_per_person, and at least 2 for "
        "batch_hard_triplet and supervised_contrastive, which compare images of one person. "
        f"Received: images_per_class {config.images_per_class}, "
        f"max_images_per_person {config.max_images_per_person}, loss {config.loss}",
    )
