"""The networks: the reference to the parameter, and what must hold of every Siamese network."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from siamese_lib.config import ExperimentConfig
from siamese_lib.models.layers import BatchNormalization, CosineToClasses
from siamese_lib.models.networks import (
    build_learner,
    build_model,
    comparison,
    evidence,
    log_odds_matrix,
)
from siamese_lib.models.tables import block_table, count_parameters, layer_table
from siamese_lib.training.objectives import binary_crossentropy, build_loss

SIZES = {"koch": (105, 105), "compact": (40, 36)}


def tiny(encoder):
    embedding_size = 64 if encoder == "koch" else 32
    return ExperimentConfig(
        experiment="test",
        encoder=encoder,
        image_size=SIZES[encoder],
        embedding_size=embedding_size,
        base_filters=16,
    )


PEOPLE_LOSSES = ["margin_softmax", "batch_hard_triplet", "supervised_contrastive"]


def of_people(loss):
    """A tiny config of protocol people."""
    values = {
        "image_size": SIZES["compact"],
        "embedding_size": 32,
        "base_filters": 16,
        "monitor": "val_auc",
        "images_per_class": 2,
    }
    return ExperimentConfig(experiment="test", protocol="people", loss=loss, **values)


@pytest.fixture(scope="module")
def reference():
    return build_model(
        ExperimentConfig(
            experiment="test", encoder="koch", image_size=(105, 105), embedding_size=4096
        )
    )


@pytest.fixture(params=["koch", "compact"])
def network(request):
    keras.utils.set_random_seed(0)
    return build_model(tiny(request.param))


def images(network, count, seed):
    return (
        np.random.default_rng(seed)
        .integers(0, 256, (count, *network.input_shape[0][1:]))
        .astype(np.float32)
    )


def test_the_reference_has_the_parameters_of_the_course_solution(reference):
    assert count_parameters(reference) == {
        "total": 38_954_049,
        "trainable": 38_952_897,
        "non_trainable": 1_152,
    }


def test_the_reference_is_initialised_as_the_course_solution(reference):
    encoder, head = reference.get_layer("encoder"), reference.get_layer("head")
    for name in ("convolution_1", "convolution_2", "convolution_3", "convolution_4", "embedding"):
        kernel, bias = (np.asarray(weight) for weight in encoder.get_layer(name).get_weights())
        assert abs(kernel.mean()) < 1e-3 and kernel.std() == pytest.approx(0.01, rel=0.05)
        if name == "convolution_1":
            assert not bias.any()
        else:
            assert bias.mean() == pytest.approx(0.5, abs=0.005) and bias.std() == pytest.approx(
                0.01, rel=0.3
            )
    kernel, bias = head.get_layer("probability").get_weights()
    assert bias[0] == pytest.approx(0.5, abs=0.05)
    assert np.abs(kernel).max() <= np.sqrt(6 / 4097)  # Keras' default, Glorot uniform


def test_the_penalties_are_those_of_the_course_solution(reference):
    encoder = reference.get_layer("encoder")
    expected = 0.0
    for name, factor in [
        *((f"convolution_{index}", 2e-4) for index in (1, 2, 3, 4)),
        ("embedding", 2e-3),
    ]:
        expected += factor * float(np.square(encoder.get_layer(name).get_weights()[0]).sum())
    assert float(sum(reference.losses)) == pytest.approx(expected, rel=1e-4)


def test_compact_has_at_most_four_million_parameters():
    config = ExperimentConfig(
        experiment="test",
        encoder="compact",
        image_size=(72, 58),
        embedding_size=256,
        base_filters=32,
    )
    assert count_parameters(build_model(config))["total"] <= 4_000_000


def test_the_layer_table_says_what_regularises():
    rows = {row["name"]: row["regularisation"] for row in layer_table(build_model(tiny("koch")))}
    assert rows["convolution_1"] == "L2 0.0002" and rows["pooling_1"] is None
    assert any(value and value.startswith("dropout 0.") for value in rows.values())


def test_the_layer_table_accounts_for_every_parameter(network):
    assert (
        sum(row["parameters"] for row in layer_table(network)) == count_parameters(network)["total"]
    )


def test_the_order_of_the_two_images_does_not_matter(network):
    left, right = images(network, 3, 1), images(network, 3, 2)
    forth, back = (network.predict([*sides], verbose=0) for sides in ((left, right), (right, left)))
    np.testing.assert_allclose(forth, back, atol=1e-6)
    assert forth.shape == (3, 1)


def test_scores_come_from_encoder_and_head_alone(network):
    left, right = images(network, 2, 1), images(network, 2, 2)
    encoder, head = network.get_layer("encoder"), network.get_layer("head")
    embeddings = [encoder.predict(side, verbose=0) for side in (left, right)]
    np.testing.assert_allclose(
        network.predict([left, right], verbose=0), head.predict(embeddings, verbose=0), atol=1e-5
    )


def test_batch_normalisation_sees_both_sides_together():
    # With one side black and one white, two separate passes would normalise each to the same values
    # and the embeddings would agree.
    network = build_model(tiny("compact"))
    black, white = np.zeros((4, 40, 36, 1), np.float32), np.full((4, 40, 36, 1), 255, np.float32)
    before = [
        weight.copy()
        for weight in network.get_layer("encoder").get_layer("stem_normalization").get_weights()
    ]
    network([black, white], training=True)
    after = network.get_layer("encoder").get_layer("stem_normalization").get_weights()
    assert (
        after[3] > before[3] * 0.99
    ).any()  # the moving variance saw the gap between the two sides
    assert not np.allclose(after[3], before[3] * 0.99)


def test_gradients_reach_every_trainable_weight(network):
    left, right = images(network, 4, 1), images(network, 4, 2)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(
            binary_crossentropy([[1.0], [0.0], [1.0], [0.0]], network([left, right], training=True))
        )
    gradients = tape.gradient(loss, network.trainable_variables)
    unreached = [
        weight.path
        for weight, gradient in zip(network.trainable_variables, gradients)
        if gradient is None
    ]
    assert not unreached
    assert all(np.isfinite(gradient.numpy()).all() for gradient in gradients)


def test_identical_images_give_finite_gradients(network):
    same = images(network, 4, 1)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(
            binary_crossentropy([[1.0], [0.0], [1.0], [0.0]], network([same, same], training=True))
        )
    assert np.isfinite(loss.numpy())
    assert all(
        np.isfinite(gradient.numpy()).all()
        for gradient in tape.gradient(loss, network.trainable_variables)
    )


def test_one_batch_can_be_learnt_by_heart():
    keras.utils.set_random_seed(0)
    network = build_model(tiny("compact"))
    left, right = images(network, 8, 1), images(network, 8, 2)
    labels = np.array([[1], [0]] * 4, np.float32)
    network.compile(keras.optimizers.Adam(0.01), binary_crossentropy, metrics=["accuracy"])
    network.fit([left, right], labels, batch_size=8, epochs=40, verbose=0)
    scores = network(
        [left, right], training=True
    )  # the batch's own statistics: 40 steps are too few for the moving ones
    assert ((np.asarray(scores) > 0.5) == labels).all()


def test_embeddings_of_the_compact_network_have_unit_length():
    encoder = build_model(tiny("compact")).get_layer("encoder")
    images = np.random.default_rng(0).uniform(0, 255, (5, 40, 36, 1))
    np.testing.assert_allclose(
        np.linalg.norm(encoder.predict(images, verbose=0), axis=1), 1.0, rtol=1e-4
    )


def test_mixed_precision_gives_probabilities_in_float32():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = build_model(tiny("compact"))
    finally:
        keras.config.set_dtype_policy(before)
    scores = network([images(network, 2, 1), images(network, 2, 2)])
    assert scores.dtype == "float32"


@pytest.mark.parametrize("encoder", SIZES)
def test_the_learner_of_pairs_is_the_siamese_network(encoder):
    learner = build_learner(tiny(encoder), 0)
    assert [tuple(part.shape[1:]) for part in learner.inputs] == [(*SIZES[encoder], 1)] * 2
    assert learner.output_shape == (None, 1)
    assert layer_table(learner) == layer_table(build_model(tiny(encoder)))


@pytest.mark.parametrize("loss", PEOPLE_LOSSES)
def test_the_learner_of_people_goes_from_one_image_to_what_its_loss_takes(loss):
    learner = build_learner(of_people(loss), 7)
    images = np.random.default_rng(0).uniform(0, 255, (5, *SIZES["compact"], 1))
    outputs, embeddings = (
        learner.predict(images, verbose=0),
        learner.get_layer("encoder").predict(images, verbose=0),
    )
    if loss == "margin_softmax":
        directions = learner.get_layer("cosine_to_classes").get_weights()[0]
        np.testing.assert_allclose(
            outputs, embeddings @ (directions / np.linalg.norm(directions, axis=0)), atol=1e-5
        )
        assert outputs.shape == (5, 7) and np.abs(outputs).max() <= 1
    else:
        np.testing.assert_allclose(outputs, embeddings, atol=1e-6)
        assert outputs.shape == (5, 32)


def test_the_length_of_a_persons_direction_does_not_matter():
    layer = CosineToClasses(3)
    embeddings = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    before = np.asarray(layer(embeddings))
    layer.set_weights([layer.get_weights()[0] * [0.1, 1.0, 10.0]])
    np.testing.assert_allclose(np.asarray(layer(embeddings)), before, rtol=1e-4)


@pytest.mark.parametrize("loss", PEOPLE_LOSSES)
def test_gradients_of_people_reach_every_trainable_weight(loss):
    config = of_people(loss)
    learner, loss_of = build_learner(config, 3), build_loss(config)
    images = np.random.default_rng(0).uniform(0, 255, (6, *SIZES["compact"], 1)).astype(np.float32)
    with tf.GradientTape() as tape:
        value = loss_of(np.array([0, 0, 1, 1, 2, 2]), learner(images, training=True))
    gradients = tape.gradient(value, learner.trainable_variables)
    assert not [
        weight.path
        for weight, gradient in zip(learner.trainable_variables, gradients)
        if gradient is None
    ]
    assert all(np.isfinite(gradient.numpy()).all() for gradient in gradients)
    assert (
        sum(float(np.abs(gradient.numpy()).max()) > 0 for gradient in gradients)
        > len(gradients) / 2
    )


def test_a_network_around_an_encoder_shares_its_weights():
    learner = build_learner(of_people("margin_softmax"), 3)
    encoder = learner.get_layer("encoder")
    network = build_model(of_people("margin_softmax"), encoder)
    assert network.get_layer("encoder") is encoder
    left, right = images(network, 3, 1), images(network, 3, 2)
    before = network.predict([left, right], verbose=0)
    fresh = build_model(of_people("margin_softmax"))
    encoder.set_weights(fresh.get_layer("encoder").get_weights())
    after = network.predict([left, right], verbose=0)
    assert np.abs(after - before).max() > 1e-4
    np.testing.assert_allclose(after, fresh.predict([left, right], verbose=0), atol=1e-6)


def test_mixed_precision_gives_cosines_in_float32():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        learner = build_learner(of_people("margin_softmax"), 3)
    finally:
        keras.config.set_dtype_policy(before)
    assert learner(np.zeros((2, *SIZES["compact"], 1), np.float32)).dtype == "float32"


def test_an_ensemble_has_no_network_of_its_own():
    config = ExperimentConfig(experiment="both", encoder="ensemble", members=("one/seed_0",))
    with pytest.raises(ValueError, match=r"members, .*Received: both"):
        build_model(config)


@pytest.mark.parametrize(
    ("config", "words", "layer"),
    [
        (tiny("koch"), "|left - right|", "absolute_difference"),
        (tiny("compact"), "cosine", "cosine"),
        (
            ExperimentConfig(
                experiment="test",
                encoder="lbp",
                image_size=(40, 36),
                embedding_size=8,
                joint_bayesian=True,
            ),
            "joint\nBayesian",
            "joint_bayesian",
        ),
    ],
)
def test_the_comparison_is_the_one_that_the_head_makes(config, words, layer):
    assert words in comparison(config)
    assert build_model(config).get_layer("head").get_layer(layer)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-4), ("mixed_bfloat16", 0.05)])
def test_batch_normalization_is_that_of_keras(dtype, tolerance):
    """Outputs, gradients, moving statistics, and the outputs outside training."""
    generator = np.random.default_rng(0)
    images = generator.normal(3.0, 2.0, (6, 5, 7, 4)).astype(np.float32)
    weights = [generator.uniform(0.5, 2.0, 4).astype(np.float32) for _ in range(4)]
    results = []
    for layer in (keras.layers.BatchNormalization, BatchNormalization):
        normalization = layer(dtype=dtype)
        normalization.build(images.shape)
        normalization.set_weights(weights)
        inputs = tf.Variable(images)
        with tf.GradientTape() as tape:
            outputs = normalization(inputs, training=True)
            loss = tf.reduce_mean(tf.cast(outputs, tf.float32) ** 3)
        variables = [inputs, *(weight.value for weight in normalization.trainable_weights)]
        results.append([outputs, *tape.gradient(loss, variables), *normalization.get_weights()])
        results[-1].append(normalization(images, training=False))
    for expected, received in zip(*results, strict=True):
        np.testing.assert_allclose(
            np.asarray(tf.cast(received, tf.float32)),
            np.asarray(tf.cast(expected, tf.float32)),
            rtol=tolerance,
            atol=tolerance,
        )


@pytest.mark.parametrize("encoder", ["koch", "compact"])
def test_blocks_hold_every_parameter_and_name_the_way_of_an_image(encoder):
    network = build_model(tiny(encoder))
    rows = block_table(network)
    assert sum(row["parameters"] for row in rows) == count_parameters(network)["total"]
    names = {
        "koch": [f"convolution {number}" for number in range(1, 5)],
        "compact": ["stem", *(f"stage {number}" for number in range(1, 5))],
    }
    assert [row["block"] for row in rows] == [*names[encoder], "embedding", "comparison"]
    assert rows[-1]["output_shape"] == [1] and len(rows[0]["output_shape"]) == 3


def test_a_block_is_told_in_the_fields_words():
    words = {row["block"]: row["layers"] for row in block_table(build_model(tiny("compact")))}
    assert words["stem"] == "conv 3x3, 16, BN, ReLU, max-pooling 2x2"
    assert words["stage 1"] == "conv 3x3, 16, BN, ReLU, conv 3x3, 16, BN, + shortcut, ReLU"
    assert words["stage 2"].endswith("+ shortcut, ReLU; shortcut: conv 1x1, 32 / 2")
    assert words["embedding"] == "dropout 0.4, 32 units, BN, length 1"
    words = {row["block"]: row["layers"] for row in block_table(build_model(tiny("koch")))}
    assert words["comparison"] == "|left - right|, dropout 0.4, 1 unit, sigmoid"


def test_a_block_names_its_penalties(reference):
    words = {row["block"]: row["layers"] for row in block_table(reference)}
    assert words["convolution 1"].startswith("conv 10x10, 64, L2 0.0002, BN")
    assert words["embedding"] == "4,096 units, sigmoid, L2 0.002"


@pytest.mark.parametrize(
    "config",
    [
        tiny("koch"),
        tiny("compact"),
        dataclasses.replace(of_people("margin_softmax"), joint_bayesian=True),
    ],
    ids=["weighed distance", "cosine", "joint Bayesian"],
)
def test_the_evidence_of_all_components_adds_up_to_the_score(config):
    head = build_model(config).get_layer("head")
    left, right = np.random.default_rng(0).normal(size=(2, 5, config.embedding_size)).astype("f4")
    terms, constant = evidence(head, left, right)
    assert terms.shape == left.shape
    probabilities = head.predict([left, right], verbose=0)[:, 0]
    assert 1 / (1 + np.exp(-terms.sum(axis=1) - constant)) == pytest.approx(probabilities, abs=1e-5)
    of_all = log_odds_matrix(head, left, right)
    assert of_all.shape == (5, 5)
    assert np.diag(of_all) == pytest.approx(terms.sum(axis=1) + constant, abs=1e-4)
    assert of_all[1, 3] == pytest.approx(
        log_odds_matrix(head, left[1:2], right[3:4])[0, 0], abs=1e-4
    )
