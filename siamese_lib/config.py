"""The configuration of one experiment: a YAML file of flat values, checked before anything is computed."""

import dataclasses
import math
import re
from dataclasses import dataclass
from pathlib import Path

from siamese_lib.utils.files import fingerprint, parse_yaml

BOUNDING_BOX = "bounding_box"  # the crop that follows what is drawn

# What a text field may say, and the closed range that a number must lie in.
CHOICES = {
    "dataset": ("sample", "lfwa", "lfw-funneled", "omniglot"),
    "protocol": ("pairs", "people"),
    "split_by": ("person", "pair"),
    "encoder": ("koch", "compact", "lbp", "ensemble"),
    "loss": (
        "binary_crossentropy",
        "margin_softmax",
        "batch_hard_triplet",
        "supervised_contrastive",
    ),
    "optimizer": ("adam", "adamw"),
    "learning_rate_schedule": ("constant", "cosine"),
    "symmetries": (1, 4, 8),
    "monitor": ("val_loss", "val_auc", "val_oneshot_accuracy"),
    "fill_mode": ("reflect", "constant"),
    "mixed_precision": ("auto", "float32", "bfloat16", "float16"),
}
RANGES = {
    "seed": (0, 2**31 - 1),
    "split_seed": (0, 2**31 - 1),
    "validation_fraction": (0.01, 0.5),
    "margin": (0.0, 1.0),
    "cosine_scale": (1.0, 100.0),
    "label_smoothing": (0.0, 0.5),
    "max_images_per_person": (1, 1000),
    "images_per_class": (1, 100),
    "training_fraction": (0.001, 1.0),
    "learning_rate": (1e-9, 10.0),
    "weight_decay": (0.0, 10.0),
    "batch_size": (2, 4096),
    "num_epochs": (1, 10_000),
    "early_stopping_patience": (1, 10_000),
    "early_stopping_min_delta": (0.0, 100.0),
    "dropout_rate": (0.0, 0.95),
    "embedding_size": (2, 8192),
    # Below 16 channels oneDNN's AVX-512 convolutions write beyond their memory (TensorFlow 2.21): the process aborts, or worse.
    "base_filters": (16, 256),
    "rotation_degrees": (0.0, 180.0),
    "shear_range": (0.0, 1.0),
    "scale_range": (0.0, 0.9),
    "translation_fraction": (0.0, 0.5),
    "affine_probability": (0.0, 1.0),
    "elastic_fraction": (0.0, 0.2),
    "contrast_range": (0.0, 1.0),
    "brightness_range": (0.0, 1.0),
    "erasing_probability": (0.0, 1.0),
}
# What only the report reads: it may change without making a finished run another run.
REPORT_ONLY = ("compare_with",)


@dataclass(frozen=True, kw_only=True)
class ExperimentConfig:
    """Everything that decides what a run computes; together with the data it names the result."""

    experiment: str  # the stem of the YAML file
    variant: str = ""  # what was overridden, "num_epochs=2", or nothing; names the run's folder beside the experiment
    dataset: str = "sample"  # "sample", "lfwa", "lfw-funneled" or "omniglot"
    protocol: str = "pairs"  # "pairs": only the listed training pairs are supervision (LFW: image-restricted); "people": identities are
    compare_with: str = ""  # the experiment that notebook 02 puts beside this one
    seed: int = 0  # split, weights, order, augmentation, dropout
    split_seed: int | None = (
        None  # who is held out; none: by seed. Runs whose scores are to be fused hold out the same people
    )
    split_by: str = "person"  # "person"; or "pair": validation pairs at random, as is customary, which leaks people: to show the gap
    validation_fraction: float = 0.2  # share of the training pairs (or people), whole people, that chooses epoch and threshold
    training_fraction: float = (
        1.0  # share of what is left for training that is used: for learning curves
    )

    crop: tuple[int, int, int, int] | str | None = (
        None  # top, bottom, left, right in pixels; none: all; "bounding_box": around what is drawn
    )
    image_size: tuple[int, int] = (105, 105)  # (height, width) that the network sees
    test_time_flip: bool = (
        False  # when scoring, average the embeddings of an image and of its mirror image
    )

    encoder: str = "compact"  # "koch": the reference of 2015; "compact": a small residual network; "lbp": hand-made; "ensemble"
    members: tuple[
        str, ...
    ] = ()  # encoder ensemble: the runs whose scores are fused, "EXPERIMENT/seed_N"
    embedding_size: int = 4096  # length of a face's embedding
    base_filters: int = (
        32  # channels of the compact encoder's first stage; doubled at each of the next three
    )
    joint_bayesian: bool = False  # with a loss of classes: compare embeddings by joint Bayesian, fitted on these classes, not by cosine
    dropout_rate: float = 0.4  # before the last dense layer (koch), before the embedding (compact)

    loss: str = "binary_crossentropy"  # of pairs; of classes: "margin_softmax", "batch_hard_triplet" or "supervised_contrastive"
    margin: float = 0.2  # margin_softmax: what the cosine to the right person must be larger by
    cosine_scale: float = 20.0  # the three losses of classes: what multiplies a cosine
    label_smoothing: float = (
        0.0  # margin_softmax: the share of the label that is spread over all classes
    )
    max_images_per_person: int = (
        20  # losses of classes: so many images of a person an epoch, at most
    )
    symmetries: int = 1  # losses of classes, square images: 4: quarter turns are classes of their own; 8: their mirror images too
    images_per_class: int = (
        1  # losses of classes: images of a person that stand side by side in a batch
    )

    optimizer: str = "adam"  # "adam" or "adamw" (with weight_decay)
    learning_rate: float = 0.001  # at the start, or throughout if constant
    learning_rate_schedule: str = (
        "constant"  # "constant", or "cosine": warm up for 5 % of the steps, then down to zero
    )
    weight_decay: float = 0.0  # of adamw; biases and normalisation are left out
    batch_size: int = 32  # pairs a step, or images
    num_epochs: int = 10  # passes over the training pairs or people, at most
    score_epochs: tuple[
        int, ...
    ] = ()  # after these epochs all pairs are scored as if training ended there: a curve from one training
    monitor: str = "val_loss"  # what early stopping and restore_best_weights watch: "val_loss", "val_auc", or "val_oneshot_accuracy" of held-out groups
    early_stopping_patience: int | None = (
        None  # epochs without improvement before training stops; none: never stops early
    )
    early_stopping_min_delta: float = 0.0  # a smaller gain does not count as an improvement
    restore_best_weights: bool = (
        False  # keep the weights of the epoch that is best by monitor, not of the last one
    )
    mixed_precision: str = (
        "auto"  # "auto": bfloat16 where the hardware has it, float16 on older GPUs, else float32
    )

    flip: bool = False  # augmentation: mirror half of the images
    rotation_degrees: float = 0.0  # augmentation: turn by up to this angle
    shear_range: float = 0.0  # augmentation: shift rows and columns by up to this share of their distance from the middle
    scale_range: float = 0.0  # augmentation: enlarge or shrink by up to this factor
    translation_fraction: float = 0.0  # augmentation: move by up to this share of height and width
    affine_probability: float = 1.0  # augmentation: the chance of each of these four changes
    elastic_fraction: float = 0.0  # augmentation: move parts of the image against each other by up to this share of height and width
    fill_mode: str = "reflect"  # augmentation: what these bring in from outside the image: "reflect" or "constant" (white)
    contrast_range: float = 0.0  # augmentation: stretch or flatten the grey values around their mean by up to this factor
    brightness_range: float = 0.0  # augmentation: add up to this share of white
    erasing_probability: float = (
        0.0  # augmentation: cover a rectangle of so many of the images with their mean grey
    )

    def __post_init__(self):
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, _checked(field, getattr(self, field.name)))
        if isinstance(self.crop, tuple) and not (
            0 <= self.crop[0] < self.crop[1] and 0 <= self.crop[2] < self.crop[3]
        ):
            raise ValueError(
                f"crop is [top, bottom, left, right] with top < bottom, left < right. Received: {list(self.crop)}"
            )
        if not all(32 <= side <= 1024 for side in self.image_size):
            raise ValueError(
                f"image_size is [height, width], each from 32 to 1024. Received: {list(self.image_size)}"
            )
        if not self.experiment.strip(".") or not set(self.experiment) <= set(_NAME_CHARACTERS):
            raise ValueError(
                f"An experiment's name holds letters, digits, '_', '-' and '.'. Received: {self.experiment!r}"
            )
        if self.weight_decay and self.optimizer != "adamw":
            raise ValueError(
                f"weight_decay needs optimizer: adamw. Received: weight_decay {self.weight_decay}, optimizer {self.optimizer}"
            )
        if self.encoder == "koch" and min(self.image_size) < 85:
            raise ValueError(
                f"The koch encoder wants an image_size of 85 or more. Received: {list(self.image_size)}"
            )
        if self.score_epochs and not self.shorter_runs_are_prefixes:
            raise ValueError(
                "score_epochs wants a network, learning_rate_schedule: constant and restore_best_weights: false; else a shorter training would differ. "
                f"Received: {self.encoder}, {self.learning_rate_schedule}, {self.restore_best_weights}"
            )
        self._check_supervision()

    def _check_supervision(self):
        """Whether protocol, encoder, loss and sampling go together."""
        if (self.encoder == "ensemble") != bool(self.members):
            raise ValueError(
                f"encoder: ensemble goes with members. Received: encoder {self.encoder}, {len(self.members)} members"
            )
        if self.encoder == "ensemble":
            return
        if self.split_by == "pair" and self.protocol != "pairs":
            raise ValueError(
                f"split_by: pair is for protocol pairs; people are held out whole. Received: protocol {self.protocol}"
            )
        if self.encoder == "lbp" and not self.joint_bayesian:
            raise ValueError(
                "encoder: lbp wants joint_bayesian: true. Received: joint_bayesian false"
            )
        if self.protocol == "people" and not self.learns_classes:
            raise ValueError(
                f"Protocol people wants a loss of classes, as margin_softmax. Received: loss {self.loss}"
            )
        if self.joint_bayesian and not self.learns_classes:
            raise ValueError(
                f"joint_bayesian wants a loss of classes, as margin_softmax. Received: loss {self.loss}"
            )
        if (
            self.learns_classes
            and self.encoder != "lbp"
            and (self.encoder == "koch" or self.monitor == "val_loss")
        ):
            raise ValueError(
                "A loss of classes wants encoder: compact and monitor: val_auc or val_oneshot_accuracy. "
                f"Received: encoder {self.encoder}, monitor {self.monitor}"
            )
        square = self.image_size[0] == self.image_size[1]
        if self.symmetries > 1 and not (
            self.learns_classes and self.encoder != "lbp" and square and not self.flip
        ):
            raise ValueError(
                "symmetries want a loss of classes, square images and flip: false. "
                f"Received: loss {self.loss}, image_size {list(self.image_size)}, flip {self.flip}"
            )
        if (
            self.loss in ("batch_hard_triplet", "supervised_contrastive")
            and self.images_per_class < 2
        ):
            raise ValueError(
                f"{self.loss} compares images of one person: images_per_class from 2 on. Received: {self.images_per_class}"
            )
        if self.images_per_class > self.max_images_per_person:
            raise ValueError(
                "images_per_class is at most max_images_per_person. "
                f"Received: images_per_class {self.images_per_class}, max_images_per_person {self.max_images_per_person}"
            )

    @classmethod
    def from_yaml(cls, path, overrides=None):
        """Reads an experiment's YAML file and replaces what the dict `overrides` names.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if a key is unknown or a value is out of its range, in one sentence.
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(
                f"There is no such experiment file; see experiments/*.yaml. Received: {path}"
            )
        values = parse_yaml(path)
        if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
            raise ValueError(f"{path} must hold lines 'key: value'. Received: {str(values)[:80]!r}")
        overrides = overrides or {}
        _check_keys([*values, *overrides], path)
        try:
            base = cls(**values, experiment=path.stem)
            config = dataclasses.replace(base, **overrides)
            # An override that says what the file says anyway makes no variant.
            changed = [
                key for key in sorted(overrides) if getattr(config, key) != getattr(base, key)
            ]
            names = [
                f"{key}={getattr(config, key)}".replace(" ", "")
                for key in changed
                if key not in ("seed", *REPORT_ONLY)
            ]
            return dataclasses.replace(config, variant=",".join(names))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    @classmethod
    def side_by_side(cls, path, overrides=None):
        """The experiment of a YAML file, with overrides, and behind it the one that it names in `compare_with`, if it names one."""
        config = cls.from_yaml(path, overrides)
        others = (
            [cls.from_yaml(Path(path).parent / f"{config.compare_with}.yaml")]
            if config.compare_with
            else []
        )
        return [config, *others]

    @classmethod
    def from_dict(cls, values):
        """The config that `to_dict` wrote; fields that are not there get their defaults.

        Raises:
            ValueError: if `values` is no such dict.
        """
        if not isinstance(values, dict) or "experiment" not in values:
            raise ValueError(
                f"config.json must hold an object with the key experiment. Received: {str(values)[:80]!r}"
            )
        _check_keys([key for key in values if key not in ("experiment", "variant")], "config.json")
        return cls(**values)

    def to_dict(self):
        """All fields as flat JSON values."""
        values = dataclasses.asdict(self)
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in values.items()
        }

    @property
    def learns_classes(self):
        """Whether it is trained on images of known classes, and not on pairs."""
        return self.loss != "binary_crossentropy" or self.encoder == "lbp"

    @property
    def shorter_runs_are_prefixes(self):
        """Whether its training is, after fewer epochs, just what a training of so few epochs would be."""
        return (
            self.encoder not in ("lbp", "ensemble")
            and self.learning_rate_schedule == "constant"
            and not self.restore_best_weights
        )

    def steps_per_epoch(self, num_examples):
        """How many batches show each example once."""
        return math.ceil(num_examples / self.batch_size)

    @property
    def validation_seed(self):
        """The seed that draws who is held out of training."""
        return self.seed if self.split_seed is None else self.split_seed

    def result_fields(self):
        """The fields that decide the result; two configs that agree in them are the same run."""
        return {key: value for key, value in self.to_dict().items() if key not in REPORT_ONLY}

    def hash(self):
        """A short name for `result_fields`."""
        return fingerprint(sorted(self.result_fields().items()))


_NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."


def _check_keys(keys, source):
    known = {field.name for field in dataclasses.fields(ExperimentConfig)} - {
        "experiment",
        "variant",
    }
    unknown = sorted(set(keys) - known)
    if unknown:
        raise ValueError(
            f"{source}: unknown key; the known ones are {', '.join(sorted(known))}. Received: {', '.join(unknown)}"
        )


def _checked(field, value):
    """`value` as the field's type, or a ValueError that says what the field takes."""
    name, wanted = field.name, field.type
    if value is None and type(None) in getattr(wanted, "__args__", ()):
        return None
    if name == "members":
        if not isinstance(value, (list, tuple)) or not all(
            re.fullmatch(r"[\w.-]+/seed_[0-9]+", str(item)) for item in value
        ):
            raise ValueError(
                f"members takes a list of runs, EXPERIMENT/seed_N. Received: {value!r}"
            )
        return tuple(value)
    if name == "score_epochs":
        if not isinstance(value, (list, tuple)) or not all(
            type(item) is int and item >= 1 for item in value
        ):
            raise ValueError(
                f"score_epochs takes a list of whole numbers from 1 on. Received: {value!r}"
            )
        return tuple(value)
    if name == "crop" and value == BOUNDING_BOX:
        return value
    if name in ("crop", "image_size"):
        length = 4 if name == "crop" else 2
        if (
            not isinstance(value, (list, tuple))
            or len(value) != length
            or not all(type(item) is int for item in value)
        ):
            other = " or bounding_box" if name == "crop" else ""
            raise ValueError(f"{name} takes {length} whole numbers{other}. Received: {value!r}")
        return tuple(value)
    if wanted is float:
        value = _as_float(name, value)
    elif wanted in (bool, str):
        if type(value) is not wanted:
            raise ValueError(
                f"{name} takes {'true or false' if wanted is bool else 'text'}. Received: {value!r}"
            )
    elif type(value) is not int:
        raise ValueError(f"{name} takes a whole number. Received: {value!r}")
    if name in CHOICES and value not in CHOICES[name]:
        raise ValueError(
            f"{name} is one of {', '.join(map(str, CHOICES[name]))}. Received: {value!r}"
        )
    if name in RANGES and not RANGES[name][0] <= value <= RANGES[name][1]:
        raise ValueError(
            f"{name} lies between {RANGES[name][0]} and {RANGES[name][1]}. Received: {value!r}"
        )
    return value


def _as_float(name, value):
    # YAML 1.1 reads 1e-4, without a dot, as text.
    try:
        number = float(value) if type(value) in (int, float, str) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{name} takes a number. Received: {value!r}")
    return number
