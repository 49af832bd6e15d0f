"""The configuration of an experiment: a YAML file of flat values, checked before a run starts."""

import dataclasses
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from siamese_lib.config_rules import check_rules
from siamese_lib.utils.fields import Between, alternatives, checked, with_current_names
from siamese_lib.utils.files import fingerprint, parse_yaml
from siamese_lib.utils.machine import project_path

BOUNDING_BOX = "bounding_box"  # the crop that follows the dark pixels of each image
LETTERBOX = "letterbox"  # the whole image, without distortion
# The fields that an ensemble has; everything else is set in its members' files. Its members are
# trained on its data.
OF_DATA = {"dataset", "view", "fold"}
OF_ENSEMBLE = OF_DATA | {
    "protocol",
    "compare_with",
    "seed",
    "split_seed",
    "final",
    "encoder",
    "members",
}
# Fields that only the report reads: changing them does not make a finished run another run.
REPORT_ONLY = ("compare_with",)

Seed = Annotated[int, Between(0, 2**31 - 1)]
Share = Annotated[float, Between(0.0, 1.0)]
PositiveInt = Annotated[int, Between(1, 10_000)]
RunName = Annotated[str, re.compile(r"[\w.-]+(/seed_(0|[1-9][0-9]*))?")]


@dataclass(frozen=True, kw_only=True)
class ExperimentConfig:
    """All settings that decide the result of a run, together with the data."""

    experiment: str  # the stem of the YAML file
    variant: str = ""  # the overridden values, "num_epochs=2"; names the run's folder
    # Of the YAML file, "" if there is none; the members of an ensemble are beside it.
    folder: str = dataclasses.field(default="", compare=False)
    dataset: Literal["sample", "lfwa", "lfw-funneled", "omniglot", "folder"] = "sample"
    # LFW's lists: view 1 has one split, to choose with; view 2 has ten folds, to report on. A fold
    # is tested by a network that learns from the other nine.
    view: Literal[1, 2] = 1
    fold: Annotated[int, Between(1, 10)] | None = None
    # Of dataset folder, a folder of a person each: whether each face is found and aligned as in
    # LFW-a; whether the people of a folder are compared with one another (alphabets); the share of
    # people who are only tested, and the seed that draws them and the pairs.
    align: bool = False
    groups: bool = False
    test_fraction: Annotated[float, Between(0.01, 0.9)] = 0.3
    test_seed: Seed = 0
    # "pairs": the listed training pairs alone supervise (LFW: image-restricted);
    # "people": the identities of the training people supervise too (LFW: unrestricted).
    protocol: Literal["pairs", "people"] = "pairs"
    compare_with: tuple[str, ...] = ()  # the experiments that the report puts beside this one
    seed: Seed = 0  # of split, weights, order, augmentation and dropout
    # Of the held-out people; None: seed. The members of an ensemble share it.
    split_seed: Seed | None = None
    # "person": no person in two splits; "pair": validation pairs at random, which leaks people.
    split_by: Literal["person", "pair"] = "person"
    # Share of the training pairs (or people) that chooses epoch and threshold.
    validation_fraction: Annotated[float, Between(0.01, 0.5)] = 0.2
    # Share of the remaining training pairs (or people) that is used: for learning curves.
    training_fraction: Annotated[float, Between(0.001, 1.0)] = 1.0
    # Learn from all training pairs (or people) at last. Calibration and threshold are then those of
    # the same recipe with people held out, which is trained first: EXPERIMENT_held_out.
    final: bool = False

    # Top, bottom, left, right in pixels; None: the whole image; "bounding_box": around the ink;
    # "letterbox": the whole image between bars, so that it keeps its shape.
    crop: tuple[int, int, int, int] | Literal["bounding_box", "letterbox"] | None = None
    image_size: tuple[int, int] = (105, 105)  # (height, width) of the network's input
    # In scoring, the embedding is the mean of those of an image and its mirror image.
    test_time_flip: bool = False

    # "koch": the reference of 2015; "compact": a small residual network; hand-crafted: "lbp", local
    # binary patterns, and "lpq", local phases.
    encoder: Literal["koch", "compact", "lbp", "lpq", "ensemble"] = "compact"
    # Of an ensemble: the runs, "EXPERIMENT/seed_N", or "EXPERIMENT": with the ensemble's own seed.
    members: tuple[RunName, ...] = ()
    # A model file whose encoder has the same architecture; its weights are the first ones.
    start_from: str = ""
    embedding_size: Annotated[int, Between(2, 8192)] = 4096
    # Channels of the compact encoder's first stage, doubled at each of the next three. Below 16
    # oneDNN's AVX-512 convolutions write outside their memory (TensorFlow 2.21).
    base_filters: Annotated[int, Between(16, 256)] = 32
    joint_bayesian: bool = False  # with a class loss: compare embeddings by joint Bayesian
    # Before the last dense layer (koch) or the embedding (compact).
    dropout_rate: Annotated[float, Between(0.0, 0.95)] = 0.4

    # The first is a loss of pairs, the others are losses of classes.
    loss: Literal[
        "binary_crossentropy", "margin_softmax", "batch_hard_triplet", "supervised_contrastive"
    ] = "binary_crossentropy"
    margin: Share = 0.2  # margin_softmax: subtracted from the cosine to the true class
    cosine_scale: Annotated[float, Between(1.0, 100.0)] = 20.0  # class losses: factor of a cosine
    label_smoothing: Annotated[float, Between(0.0, 0.5)] = 0.0  # margin_softmax
    max_images_per_person: Annotated[int, Between(1, 1000)] = 20  # class losses: per epoch
    # Class losses on square images: rotations by 90 degrees (4) and their mirror images (8) are
    # extra classes in training; in scoring all of them are compared.
    symmetries: Literal[1, 4, 8] = 1
    images_per_class: Annotated[int, Between(1, 100)] = 1  # class losses: side by side in a batch

    optimizer: Literal["adam", "adamw"] = "adam"
    learning_rate: Annotated[float, Between(1e-9, 10.0)] = 0.001  # at the start, or throughout
    # "cosine": warm-up during 5 % of the steps, then down to zero.
    learning_rate_schedule: Literal["constant", "cosine"] = "constant"
    weight_decay: Annotated[float, Between(0.0, 10.0)] = 0.0  # adamw: of kernels only
    batch_size: Annotated[int, Between(2, 4096)] = 32  # pairs, or images
    num_epochs: PositiveInt = 10  # passes over the training pairs or people, at most
    # After these epochs all pairs are scored as if training had ended there.
    score_epochs: tuple[PositiveInt, ...] = ()
    monitor: Literal["val_loss", "val_auc", "val_oneshot_accuracy"] = "val_loss"
    early_stopping_patience: PositiveInt | None = None  # epochs without improvement; None: off
    early_stopping_min_delta: Annotated[float, Between(0.0, 100.0)] = 0.0
    # Keep the weights of the epoch that is best by monitor; a final training keeps the last ones.
    restore_best_weights: bool = False
    # "auto": bfloat16 where the hardware has it, float16 on older GPUs, else float32.
    mixed_precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"

    # Augmentation, each change drawn for each image.
    flip: bool = False  # mirror half of the images
    rotation_degrees: Annotated[float, Between(0.0, 180.0)] = 0.0
    # Shift rows and columns by this share of their distance from the centre.
    shear_range: Share = 0.0
    scale_range: Annotated[float, Between(0.0, 0.9)] = 0.0  # enlarge or shrink by up to this factor
    translation_fraction: Annotated[float, Between(0.0, 0.5)] = 0.0  # of height and width
    affine_probability: Share = 1.0  # of each of the four changes above
    elastic_fraction: Annotated[float, Between(0.0, 0.2)] = 0.0  # of height and width
    fill_mode: Literal["reflect", "constant"] = "reflect"  # beyond the border: mirrored, or white
    contrast_range: Share = 0.0  # stretch or flatten the grey values around their mean
    brightness_range: Share = 0.0  # add up to this share of white
    erasing_probability: Share = 0.0  # cover a rectangle with the mean grey value

    def __post_init__(self):
        if isinstance(self.compare_with, str):  # a single name needs no list
            object.__setattr__(self, "compare_with", tuple(filter(None, [self.compare_with])))
        for field in dataclasses.fields(self):
            value = checked(field.name, field.type, getattr(self, field.name))
            object.__setattr__(self, field.name, value)
        if not self.experiment.strip(".") or not re.fullmatch(r"[A-Za-z0-9_.-]+", self.experiment):
            raise ValueError(
                "An experiment's name holds letters, digits, '_', '-' and '.'. "
                f"Received: {self.experiment!r}"
            )
        if self.dataset == "folder" and self.crop is None and not self.align:
            object.__setattr__(self, "crop", LETTERBOX)  # pictures of a folder have various shapes
        check_rules(self)

    @classmethod
    def from_yaml(
        cls, path: Path | str, overrides: Mapping[str, Any] | None = None
    ) -> "ExperimentConfig":
        """Reads an experiment's YAML file and replaces the values that `overrides` names.

        A key `base: NAME` takes over the values of `NAME.yaml` in the same folder first.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if a key is unknown or a value is out of its range, in one sentence.
        """
        path, overrides = Path(path), overrides or {}
        values = _yaml_values(path)
        _check_keys([*values, *overrides], path)
        if values.get("members") and not OF_ENSEMBLE.issuperset(values):
            raise ValueError(
                f"{path}: an ensemble has the settings of its members; change them in the members' "
                f"files. Received: {', '.join(sorted(set(values) - OF_ENSEMBLE))}"
            )
        try:
            base = cls(**values, experiment=path.stem, folder=str(path.parent))
            config = dataclasses.replace(base, **overrides)
            # An override that repeats the file's value makes no variant.
            changed = [
                key
                for key in sorted(overrides)
                if getattr(config, key) != getattr(base, key) and key not in REPORT_ONLY
            ]
            replaceable = OF_DATA | {"members"}
            if any("/seed_" not in member for member in config.members):
                replaceable.add("seed")
            if config.members and not replaceable.issuperset(changed):
                raise ValueError(
                    "An ensemble has the settings of its members; change them in the members' "
                    "files. Only dataset, view, fold, members, and the seed of members without "
                    f"one can be replaced. Received: {', '.join(changed)}"
                )
            named = [
                f"{key}={getattr(config, key)}".replace(" ", "") for key in changed if key != "seed"
            ]
            return dataclasses.replace(config, variant=",".join(named))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    @classmethod
    def side_by_side(
        cls, path: Path | str, overrides: Mapping[str, Any] | None = None
    ) -> "list[ExperimentConfig]":
        """The experiment of a YAML file, and those that its `compare_with` names."""
        config = cls.from_yaml(path, overrides)
        others = [Path(path).parent / f"{name}.yaml" for name in config.compare_with]
        return [config, *map(cls.from_yaml, others)]

    def networks(self) -> "list[ExperimentConfig]":
        """The configs of the networks that it trains: its own, or those of an ensemble's members.

        Members are trained on the ensemble's dataset, view and fold. Unless the ensemble is final,
        those of its members that are have people held out too.

        Raises:
            FileNotFoundError, ValueError: if the experiment of a member cannot be used.
        """
        if not self.members:
            return [self]
        folder, networks = Path(self.folder or project_path("experiments")), []
        for experiment, _, seed in (name.partition("/seed_") for name in self.members):
            values = {"seed": int(seed or self.seed)}
            values |= {name: getattr(self, name) for name in OF_DATA}
            try:
                member = self.from_yaml(folder / f"{experiment}.yaml", values)
                held_out = member.final and not self.final
                networks.append(member.held_out if held_out else member)
            except FileNotFoundError as error:
                raise FileNotFoundError(
                    f"{self.experiment} has the member {experiment}, whose file is missing; "
                    f"correct the member. Received: {folder / experiment}.yaml"
                ) from error
            if networks[-1].members:
                raise ValueError(
                    "The members of an ensemble are single networks; name the members of the inner "
                    f"ensemble instead. Received: {self.experiment} with the member {experiment}"
                )
        return networks

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "ExperimentConfig":
        """The config that `to_dict` wrote; missing fields get their defaults.

        Raises:
            ValueError: if `values` is no such dict.
        """
        if not isinstance(values, dict) or "experiment" not in values:
            raise ValueError(
                "config.json must hold an object with the key experiment. "
                f"Received: {str(values)[:80]!r}"
            )
        values = with_current_names(values, "field")
        _check_keys(set(values) - {"experiment", "variant"}, "config.json")
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """All fields but the folder as flat JSON values."""
        values = dataclasses.asdict(self)
        del values["folder"]  # of this machine
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in values.items()
        }

    @property
    def learns_classes(self) -> bool:
        """Whether it is trained on images of known classes instead of pairs."""
        return self.loss != "binary_crossentropy" or self.is_hand_crafted

    @property
    def is_hand_crafted(self) -> bool:
        """Whether images are described without a network; the description is mapped linearly."""
        return self.encoder in ("lbp", "lpq")

    @property
    def monitor_increases(self) -> bool:
        """Whether a larger value of `monitor` is better."""
        return self.monitor != "val_loss"

    @property
    def keeps_best_weights(self) -> bool:
        """Whether validation chooses the epoch; in a final training nobody is held out."""
        return self.restore_best_weights and not self.final

    @property
    def shorter_runs_are_prefixes(self) -> bool:
        """Whether epoch k of a long training equals a training of k epochs."""
        constant = self.learning_rate_schedule == "constant" and not self.restore_best_weights
        return constant and not (self.is_hand_crafted or self.members)

    @property
    def validation_seed(self) -> int:
        """The seed that draws the held-out people."""
        return self.seed if self.split_seed is None else self.split_seed

    @property
    def held_out(self) -> "ExperimentConfig":
        """Of a final training or ensemble, the same recipe with people held out."""
        variant = [part for part in self.variant.split(",") if not part.startswith("final=")]
        return dataclasses.replace(
            self,
            experiment=f"{self.experiment}_held_out",
            variant=",".join(variant),
            final=False,
        )

    def steps_per_epoch(self, num_examples: int) -> int:
        """The number of batches that show each example once."""
        return math.ceil(num_examples / self.batch_size)

    def result_fields(self) -> dict[str, Any]:
        """The fields that decide the result; two configs with equal ones are the same run."""
        return {key: value for key, value in self.to_dict().items() if key not in REPORT_ONLY}

    def hash(self) -> str:
        """A short name of `result_fields`."""
        return fingerprint(sorted(self.result_fields().items()))


def choices(name: str) -> tuple:
    """The allowed values of a field, in the order of its annotation; () if there is no list."""
    return next((get_args(kind) for kind in _kinds(name) if get_origin(kind) is Literal), ())


def bounds(name: str) -> Between:
    """The closed range of a numeric field."""
    return next(kind.__metadata__[0] for kind in _kinds(name) if get_origin(kind) is Annotated)


def _kinds(name: str) -> tuple:
    return alternatives(ExperimentConfig.__dataclass_fields__[name].type)


def _yaml_values(path: Path, derived: tuple = ()) -> dict[str, Any]:
    """The values of an experiment's YAML file on top of those of its `base`."""
    if not path.is_file():
        raise FileNotFoundError(
            f"There is no such experiment file; see experiments/*.yaml. Received: {path}"
        )
    values = parse_yaml(path)
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise ValueError(f"{path} must hold lines 'key: value'. Received: {str(values)[:80]!r}")
    if "base" not in values:
        return values
    name = str(values.pop("base"))
    base = path.parent / f"{name}.yaml"
    if base.resolve() in (path.resolve(), *derived):
        raise ValueError(f"{path}: an experiment is its own base; name another. Received: {name}")
    if not base.is_file():
        raise FileNotFoundError(
            f"{path}: its base has no file; base is the name of an experiment in the same folder, "
            f"without .yaml. Received: {name}"
        )
    return _yaml_values(base, (path.resolve(), *derived)) | values


def _check_keys(keys: Iterable[str], source: Path | str) -> None:
    known = set(ExperimentConfig.__dataclass_fields__) - {"experiment", "variant", "folder"}
    if unknown := sorted(set(keys) - known):
        raise ValueError(
            f"{source}: unknown key; the known ones are {', '.join(sorted(known))}. "
            f"Received: {', '.join(unknown)}"
        )
