"""Configs: what is refused, what an override changes, and what makes two configs the same run."""

import dataclasses
import math

import pytest

from siamese_lib.config import ExperimentConfig, bounds, choices


def from_text(tmp_path, text, **overrides):
    path = tmp_path / "tiny.yaml"
    path.write_text(text, encoding="utf-8")
    return ExperimentConfig.from_yaml(path, overrides)


def test_the_file_names_the_experiment_and_gives_the_values(tmp_path):
    config = from_text(
        tmp_path, "dataset: lfwa\nimage_size: [105, 90]\ncrop: [10, 240, 20, 230]\nflip: true\n"
    )
    assert (config.experiment, config.variant, config.dataset, config.flip) == (
        "tiny",
        "",
        "lfwa",
        True,
    )
    assert (config.image_size, config.crop) == ((105, 90), (10, 240, 20, 230))


def test_a_config_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ExperimentConfig(experiment="tiny").seed = 1


@pytest.mark.parametrize("text", ["1e-4", "1.0e-4", "0.0001", "'1e-4'"])
def test_a_learning_rate_may_be_written_in_any_way(tmp_path, text):
    assert from_text(tmp_path, f"learning_rate: {text}").learning_rate == 1e-4


def test_a_whole_number_does_for_a_fraction(tmp_path):
    rate = from_text(tmp_path, "learning_rate: 1").learning_rate
    assert rate == 1.0
    assert type(rate) is float


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("learning_rat: 0.1", "unknown key.*Received: learning_rat"),
        ("experiment: other", "unknown key.*experiment"),
        ("variant: other", "unknown key.*variant"),
        ("dataset: mnist", "dataset is one of sample.*'mnist'"),
        ("encoder: resnet", "encoder is one of koch, compact"),
        ("dataset: [lfwa]", "dataset is one of sample"),
        ("seed: one", "seed takes a whole number"),
        ("seed: 1.0", "seed takes a whole number"),
        ("seed: true", "seed takes a whole number"),
        ("seed: -1", "seed lies between"),
        ("seed: 2147483648", "seed lies between"),
        ("split_seed: -1", "split_seed lies between"),
        ("split_seed: 1.0", "split_seed takes a whole number"),
        ("flip: 1", "flip takes true or false"),
        ("flip: 'true'", "flip takes true or false"),
        ("learning_rate: .nan", "learning_rate takes a number"),
        ("learning_rate: nan", "learning_rate takes a number"),
        ("learning_rate: .inf", "learning_rate takes a number"),
        ("learning_rate: fast", "learning_rate takes a number.*'fast'"),
        ("learning_rate: true", "learning_rate takes a number"),
        ("learning_rate: null", "learning_rate takes a number"),
        ("learning_rate: 0", "learning_rate lies between"),
        ("learning_rate: -0.1", "learning_rate lies between"),
        ("validation_fraction: 0", "validation_fraction lies between"),
        ("validation_fraction: 0.6", "validation_fraction lies between"),
        ("batch_size: 0", "batch_size lies between"),
        ("batch_size: 1", "batch_size lies between"),
        ("num_epochs: 0", "num_epochs lies between"),
        ("early_stopping_patience: 0", "early_stopping_patience lies between"),
        ("dropout_rate: 1.0", "dropout_rate lies between"),
        ("image_size: 105", "image_size takes 2 whole numbers"),
        ("image_size: [105]", "image_size takes 2 whole numbers"),
        ("image_size: [105, 105.0]", "image_size takes 2 whole numbers"),
        ("image_size: null", "image_size takes 2 whole numbers"),
        ("image_size: [31, 105]", "from 32 to 1024"),
        ("image_size: [105, 1025]", "from 32 to 1024"),
        ("encoder: koch\nimage_size: [84, 105]", "koch encoder"),
        ("protocol: faces", "protocol is one of pairs, people"),
        ("split_by: luck", "split_by is one of person, pair"),
        (
            "split_by: pair\nprotocol: people\nloss: margin_softmax\nmonitor: val_auc",
            "split_by: pair is for protocol pairs",
        ),
        ("loss: hinge", "loss is one of binary_crossentropy, margin_softmax"),
        ("margin: -0.1", "margin lies between"),
        ("cosine_scale: 0", "cosine_scale lies between"),
        ("label_smoothing: 0.6", "label_smoothing lies between"),
        ("max_images_per_person: 0", "max_images_per_person lies between"),
        ("images_per_class: 0", "images_per_class lies between"),
        ("images_per_class: 21", "images_per_class is at most max_images_per_person"),
        ("score_epochs: 3", "score_epochs takes a list"),
        ("score_epochs: [0]", "score_epochs lies between"),
        ("score_epochs: [4]\nnum_epochs: 3", "at most num_epochs. Received: 4 of 3"),
        ("monitor: val_oneshot_accuracy", "a dataset with groups.*Received: dataset sample"),
        (
            "encoder: ensemble\nmembers: [a/seed_0]\nnum_epochs: 3",
            "settings of its members.*Received: num_epochs",
        ),
        ("members: [lfwa_people/seed_x]", "members takes runs, EXPERIMENT/seed_N"),
        ("erasing_probability: 1.1", "erasing_probability lies between"),
        (
            "protocol: people",
            "Protocol people needs a loss of classes.*Received: loss binary_crossentropy",
        ),
        (
            "joint_bayesian: true",
            "joint_bayesian needs a loss of classes.*Received: loss binary_crossentropy",
        ),
        (
            "loss: margin_softmax",
            "A loss of classes needs encoder: compact and monitor: val_auc.*monitor val_loss",
        ),
        (
            "protocol: people\nloss: margin_softmax",
            "needs encoder: compact and monitor: val_auc.*monitor val_loss",
        ),
        (
            "protocol: people\nloss: margin_softmax\nmonitor: val_auc\nencoder: koch",
            "needs encoder: compact.*encoder koch",
        ),
        (
            "symmetries: 4",
            "symmetries need a network with a loss of classes, square images.*binary_crossentropy",
        ),
        ("symmetries: 2", "symmetries is one of 1, 4, 8"),
        (
            "protocol: people\nloss: margin_softmax\nmonitor: val_auc\n"
            "image_size: [64, 48]\nsymmetries: 8",
            r"symmetries need .*square images.*\[64, 48\]",
        ),
        (
            "protocol: people\nloss: batch_hard_triplet\nmonitor: val_auc",
            "at least 2 for batch_hard_triplet.*Received: images_per_class 1",
        ),
        (
            "protocol: people\nloss: supervised_contrastive\nmonitor: val_auc",
            "at least 2 for .*supervised_contrastive.*Received: images_per_class 1",
        ),
        ("crop: [1, 2, 3]", "crop takes 4 whole numbers or bounding_box"),
        ("crop: paper", "crop takes 4 whole numbers or bounding_box"),
        ("crop: [0, true, 0, 9]", "crop takes 4 whole numbers"),
        ("crop: [50, 50, 0, 100]", "top < bottom"),
        ("crop: [0, 100, 60, 50]", "left < right"),
        ("crop: [-1, 100, 0, 100]", "top < bottom"),
    ],
)
def test_a_wrong_value_is_refused_in_one_sentence(tmp_path, text, message):
    with pytest.raises(ValueError, match=message) as caught:
        from_text(tmp_path, text)
    assert "tiny.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "protocol: people\nloss: margin_softmax\nmonitor: val_auc",
        "protocol: people\nloss: margin_softmax\nmonitor: val_auc\nimages_per_class: 4",
        "protocol: people\nloss: batch_hard_triplet\nmonitor: val_auc\nimages_per_class: 2",
        "protocol: people\nloss: supervised_contrastive\nmonitor: val_auc\nimages_per_class: 4",
        "monitor: val_auc\nimages_per_class: 4",
        "loss: margin_softmax\nmonitor: val_auc\njoint_bayesian: true",
        "encoder: lbp\njoint_bayesian: true",
    ],
)
def test_what_goes_together_is_taken(tmp_path, text):
    config = from_text(tmp_path, text)
    assert ExperimentConfig.from_dict(config.to_dict()) == config


def test_overrides_that_contradict_the_file_are_refused_in_one_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"tiny\.yaml: Protocol people needs a loss of classes"):
        from_text(
            tmp_path,
            "protocol: people\nloss: margin_softmax\nmonitor: val_auc",
            loss="binary_crossentropy",
        )


@pytest.mark.parametrize(
    "text", ["", "seed", "- seed", "1: 2", "seed: [", "\tseed: 1", "seed: 1: 2", "seed: 2024-13-45"]
)
def test_a_file_that_is_no_list_of_keys_is_refused(tmp_path, text):
    with pytest.raises(ValueError, match=r"tiny\.yaml"):
        from_text(tmp_path, text)


def test_an_experiment_is_compared_with_one_or_with_several(tmp_path):
    for name in ("first", "second", "third"):
        (tmp_path / f"{name}.yaml").write_text("dataset: sample")
    for named, wanted in (("second", ["second"]), ("[third, second]", ["third", "second"])):
        (tmp_path / "first.yaml").write_text(f"dataset: sample\ncompare_with: {named}")
        found = ExperimentConfig.side_by_side(tmp_path / "first.yaml")
        assert [config.experiment for config in found] == ["first", *wanted]
    alone = ExperimentConfig.from_dict({"experiment": "old", "compare_with": ""})
    assert alone.compare_with == ()


def test_a_file_in_another_encoding_is_refused(tmp_path):
    (tmp_path / "tiny.yaml").write_bytes("compare_with: é".encode("latin-1"))
    with pytest.raises(ValueError, match=r"tiny\.yaml is not a YAML file"):
        ExperimentConfig.from_yaml(tmp_path / "tiny.yaml")


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.mkdir",
        "!!python/object/new:os.mkdir",
        "!!python/name:os.mkdir",
        "!!python/module:os",
    ],
)
def test_tags_that_would_run_code_are_refused(tmp_path, tag):
    with pytest.raises(ValueError, match=r"tiny\.yaml is not a YAML file"):
        from_text(tmp_path, f"seed: {tag} [{tmp_path / 'made'}]")
    assert not (tmp_path / "made").exists()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"Received: .*none\.yaml"):
        ExperimentConfig.from_yaml(tmp_path / "none.yaml")


def test_overrides_replace_values_and_name_the_variant(tmp_path):
    config = from_text(
        tmp_path,
        "num_epochs: 9\nbatch_size: 8",
        num_epochs=2,
        learning_rate=0.5,
        seed=3,
        batch_size=8,
    )
    assert (config.num_epochs, config.batch_size, config.seed, config.learning_rate) == (
        2,
        8,
        3,
        0.5,
    )
    assert config.variant == "learning_rate=0.5,num_epochs=2"


@pytest.mark.parametrize(
    "overrides", [{}, {"seed": 5}, {"num_epochs": 9}, {"compare_with": "other"}]
)
def test_what_does_not_make_another_experiment_leaves_the_variant_empty(tmp_path, overrides):
    assert from_text(tmp_path, "num_epochs: 9", **overrides).variant == ""


@pytest.mark.parametrize(
    "overrides",
    [
        {"num_epoch": 2},
        {"num_epochs": 0},
        {"num_epochs": "2"},
        {"num_epochs": None},
        {"flip": "true"},
    ],
)
def test_overrides_are_checked_like_the_file(tmp_path, overrides):
    with pytest.raises(ValueError, match=r"tiny\.yaml"):
        from_text(tmp_path, "seed: 0", **overrides)


def test_an_override_can_take_an_optional_value_away(tmp_path):
    config = from_text(
        tmp_path,
        "crop: [0, 100, 0, 90]\nearly_stopping_patience: 3",
        crop=None,
        early_stopping_patience=None,
    )
    assert config.crop is None and config.early_stopping_patience is None
    assert config.variant == "crop=None,early_stopping_patience=None"


def test_decay_needs_the_optimizer_that_has_it():
    with pytest.raises(ValueError, match="needs optimizer: adamw"):
        ExperimentConfig(experiment="tiny", weight_decay=0.1)


@pytest.mark.parametrize("name", ["", "..", "a/b", "a b", "a,b", "ä"])
def test_a_name_that_makes_no_folder_is_refused(name):
    with pytest.raises(ValueError, match="experiment's name"):
        ExperimentConfig(experiment=name)


def test_a_config_survives_json(tmp_path):
    config = from_text(
        tmp_path, "crop: [0, 100, 0, 90]\nearly_stopping_patience: 3", learning_rate="1e-4"
    )
    values = config.to_dict()
    assert values["crop"] == [0, 100, 0, 90]
    assert ExperimentConfig.from_dict(values) == config
    assert ExperimentConfig.from_dict(values).hash() == config.hash()


def test_a_dict_with_an_unknown_field_is_refused():
    with pytest.raises(ValueError, match="unknown key"):
        ExperimentConfig.from_dict({"experiment": "tiny", "learning_rat": 1})


def test_the_hash_changes_with_every_field_that_decides_the_result():
    base = ExperimentConfig(
        experiment="tiny",
        encoder="compact",
        optimizer="adamw",
        weight_decay=0.5,
        num_epochs=4,
    )
    other = {
        "experiment": "other", "variant": "a=1", "dataset": "lfwa", "seed": 1, "split_seed": 1,
        "training_fraction": 0.5, "final": True, "validation_fraction": 0.3, "split_by": "pair",
        "start_from": "a.keras",
        "crop": (0, 9, 0, 9), "image_size": (90, 105), "test_time_flip": True, "encoder": "koch",
        "embedding_size": 64, "base_filters": 16, "dropout_rate": 0.1, "learning_rate": 0.1,
        "learning_rate_schedule": "cosine", "weight_decay": 0.1, "batch_size": 4, "num_epochs": 3,
        "score_epochs": (1, 2), "monitor": "val_auc", "early_stopping_patience": 2,
        "early_stopping_min_delta": 0.1, "restore_best_weights": True, "mixed_precision": "float32",
        "margin": 0.1, "cosine_scale": 9.0, "label_smoothing": 0.1, "max_images_per_person": 5,
        "images_per_class": 3, "flip": True, "rotation_degrees": 5, "shear_range": 0.1,
        "scale_range": 0.1, "translation_fraction": 0.1, "affine_probability": 0.5,
        "elastic_fraction": 0.1, "fill_mode": "constant", "contrast_range": 0.1,
        "brightness_range": 0.1, "erasing_probability": 0.1,
    }  # fmt: skip
    # Fields that cannot change alone. From the second on each differs from the one before in one
    # field; the second is of people.
    people = {"protocol": "people", "monitor": "val_auc", "images_per_class": 3}
    combined = [
        {"optimizer": "adam", "weight_decay": 0.0},
        {**people, "loss": "batch_hard_triplet"},
        {**people, "loss": "supervised_contrastive"},
        {**people, "loss": "supervised_contrastive", "joint_bayesian": True},
        {**people, "loss": "supervised_contrastive", "joint_bayesian": True, "symmetries": 8},
        {"encoder": "ensemble", "members": ("one/seed_0",)},
        {"dataset": "folder"},
        {"dataset": "folder", "align": True},
        {"dataset": "folder", "groups": True},
        {"dataset": "folder", "test_fraction": 0.5},
        {"dataset": "folder", "test_seed": 1},
        {"encoder": "ensemble", "members": ("one/seed_1",)},
        {"dataset": "lfwa", "view": 2, "fold": 1},
        {"dataset": "lfwa", "view": 2, "fold": 2},
    ]
    hashes = {
        base.hash(),
        *(dataclasses.replace(base, **{name: value}).hash() for name, value in other.items()),
    }
    hashes |= {dataclasses.replace(base, **values).hash() for values in combined}
    assert len(hashes) == 1 + len(other) + len(combined)
    # A field that is added belongs into this test.
    assert {
        *other,
        "optimizer",
        "protocol",
        "loss",
        "joint_bayesian",
        "symmetries",
        "members",
        *("align", "groups", "test_fraction", "test_seed", "view", "fold"),
    } == set(base.result_fields())


def test_the_hash_leaves_out_what_only_the_report_reads():
    base = ExperimentConfig(experiment="tiny")
    assert dataclasses.replace(base, compare_with="other").hash() == base.hash()
    assert "compare_with" not in base.result_fields()


def test_every_number_has_a_range_that_its_default_lies_in():
    # A field that is added without a range would take any number.
    config = ExperimentConfig(experiment="tiny")
    for field in dataclasses.fields(config):
        if field.type in (int, float):
            with pytest.raises(ValueError, match=field.name):
                dataclasses.replace(config, **{field.name: -1})
            with pytest.raises(ValueError, match=field.name):
                dataclasses.replace(config, **{field.name: 10**10})
            assert math.isfinite(getattr(config, field.name))


def test_an_experiment_with_a_base_shows_only_what_differs(tmp_path):
    (tmp_path / "whole.yaml").write_text("dataset: lfwa\nnum_epochs: 7\nseed: 4\n")
    (tmp_path / "middle.yaml").write_text("base: whole\nnum_epochs: 8\n")
    config = from_text(tmp_path, "base: middle\nseed: 5\n")
    assert (config.experiment, config.variant) == ("tiny", "")
    assert (config.dataset, config.num_epochs, config.seed) == ("lfwa", 8, 5)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (
            "base: nothing",
            FileNotFoundError,
            r"tiny\.yaml: its base has no file.*Received: nothing",
        ),
        ("base: circle.yaml", FileNotFoundError, r"without \.yaml. Received: circle\.yaml"),
        ("base: ./tiny", ValueError, "an experiment is its own base"),
        ("base: other/../tiny", ValueError, "an experiment is its own base"),
        ("base: tiny", ValueError, "an experiment is its own base"),
        ("base: circle", ValueError, "an experiment is its own base"),
        ("base: broken", ValueError, r"learning_rat"),
    ],
)
def test_a_base_that_cannot_be_used_is_named(tmp_path, text, error, message):
    (tmp_path / "circle.yaml").write_text("base: tiny\n")
    (tmp_path / "broken.yaml").write_text("learning_rat: 1\n")
    with pytest.raises(error, match=message):
        from_text(tmp_path, text)


def test_fields_and_values_of_earlier_versions_are_read_and_never_written():
    old = {
        "experiment": "tiny", "width": 48, "outside": "white", "weights": "best", "crop": "ink",
        "images_together": 2, "mirror_averaging": True, "shift_fraction": 0.1,
        "bend_fraction": 0.05, "warp_probability": 0.5, "monitor": "val_oneshot",
        "dataset": "omniglot",
    }  # fmt: skip
    config = ExperimentConfig.from_dict(old)
    assert (config.base_filters, config.fill_mode, config.crop) == (48, "constant", "bounding_box")
    assert config.restore_best_weights and config.test_time_flip
    assert (config.images_per_class, config.translation_fraction) == (2, 0.1)
    assert (config.elastic_fraction, config.affine_probability) == (0.05, 0.5)
    assert config.monitor == "val_oneshot_accuracy" and config.monitor_increases
    assert not set(old) - {"experiment", "crop", "dataset", "monitor"} & set(config.to_dict())
    assert ExperimentConfig.from_dict(config.to_dict()) == config


def test_allowed_values_and_ranges_can_be_asked_for():
    assert choices("symmetries") == (1, 4, 8) and choices("seed") == ()
    assert bounds("dropout_rate") == (0.0, 0.95) and bounds("split_seed")[0] == 0


@pytest.fixture
def ensemble(tmp_path):
    """The file of an ensemble with a member beside it, whose name is in the project too."""
    (tmp_path / "lfwa_people.yaml").write_text("dataset: lfwa\nnum_epochs: 7\n")
    path = tmp_path / "both.yaml"
    path.write_text("dataset: lfwa\nencoder: ensemble\nmembers: [lfwa_people/seed_2]\n")
    return path


def test_the_members_of_an_ensemble_are_beside_its_file(ensemble):
    (member,) = ExperimentConfig.from_yaml(ensemble).networks()
    assert (member.num_epochs, member.seed, member.variant) == (7, 2, "")


def test_a_replaced_dataset_is_that_of_the_members_too(ensemble):
    config = ExperimentConfig.from_yaml(ensemble, {"dataset": "sample"})
    (member,) = config.networks()
    assert config.variant == member.variant == "dataset=sample" and member.dataset == "sample"


@pytest.mark.parametrize("override", [{"seed": 1}, {"num_epochs": 2}, {"learning_rate": 0.1}])
def test_a_setting_that_an_ensemble_would_ignore_is_refused(ensemble, override):
    message = rf"both\.yaml: .*settings of its members.*Received: {next(iter(override))}"
    with pytest.raises(ValueError, match=message):
        ExperimentConfig.from_yaml(ensemble, override)


def test_a_member_without_a_seed_has_that_of_the_ensemble(ensemble):
    ensemble.write_text(ensemble.read_text().replace("/seed_2", ""))
    for seed in (0, 3):
        config = ExperimentConfig.from_yaml(ensemble, {"seed": seed})
        assert [member.seed for member in config.networks()] == [seed] and config.variant == ""


@pytest.mark.parametrize("final", [True, False])
def test_an_ensemble_has_the_final_members_or_those_with_people_held_out(ensemble, final):
    member = ensemble.with_name("lfwa_people.yaml")
    member.write_text(f"{member.read_text()}final: true\n")
    ensemble.write_text(f"{ensemble.read_text()}final: {str(final).lower()}\n")
    config = ExperimentConfig.from_yaml(ensemble)
    (network,) = config.networks()
    name = "lfwa_people" if final else "lfwa_people_held_out"
    assert (network.experiment, network.final) == (name, final)
    (network,) = config.held_out.networks()
    assert (config.held_out.experiment, network.final) == ("both_held_out", False)


def test_the_folder_of_the_file_is_neither_saved_nor_part_of_the_run(ensemble):
    config = ExperimentConfig.from_yaml(ensemble)
    again = ExperimentConfig.from_dict(config.to_dict())
    assert "folder" not in config.to_dict() and again == config and again.hash() == config.hash()


def test_an_experiment_has_one_network_and_an_ensemble_those_of_its_members():
    config = ExperimentConfig(experiment="tiny")
    assert config.networks() == [config]
    members = ("lfwa_people/seed_2", "lfwa_lbp/seed_0")
    both = ExperimentConfig(experiment="both", encoder="ensemble", members=members)
    networks = both.networks()
    assert [(each.experiment, each.seed) for each in networks] == [
        ("lfwa_people_held_out", 2),
        ("lfwa_lbp_held_out", 0),
    ]
    assert [each.encoder for each in networks] == ["compact", "lbp"]


@pytest.mark.parametrize(
    ("member", "error", "message"),
    [
        ("nothing/seed_0", FileNotFoundError, r"Received: .*nothing\.yaml"),
        ("lfwa_ensemble/seed_0", ValueError, r"single networks.*Received: both.*lfwa_ensemble"),
    ],
)
def test_a_member_that_is_no_network_is_named(member, error, message):
    both = ExperimentConfig(experiment="both", encoder="ensemble", members=(member,))
    with pytest.raises(error, match=message):
        both.networks()
