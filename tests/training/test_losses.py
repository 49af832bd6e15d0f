"""The losses against plain loops."""

import json
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from siamese_lib.config import ExperimentConfig
from siamese_lib.evaluation.metrics import area_under_roc
from siamese_lib.training.objectives import (
    FUNCTIONS,
    ConfiguredLoss,
    ExactAUC,
    batch_hard_triplet,
    binary_crossentropy,
    build_loss,
    margin_softmax,
    supervised_contrastive,
)

# Person 3 is alone.
LABELS = np.array([0, 1, 0, 2, 1, 0, 3, 2])
WITHIN_BATCH = pytest.mark.parametrize("function", [batch_hard_triplet, supervised_contrastive])


@pytest.fixture
def embeddings():
    """Eight of unit length, `(8, 5)`."""
    vectors = np.random.default_rng(0).normal(size=(len(LABELS), 5))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def cosines():
    """Between eight images and four people, `(8, 4)`."""
    return np.random.default_rng(1).uniform(-1, 1, (len(LABELS), 4)).astype(np.float32)


def epoch_of(metric, labels, scores, batch_size=32):
    """The metric's result after an epoch in batches."""
    metric.reset_state()
    for start in range(0, len(labels), batch_size):
        rows = slice(start, start + batch_size)
        metric.update_state(labels[rows, None], scores[rows, None])
    return float(metric.result())


def test_the_area_of_an_epoch_is_exact_where_keras_counts_thresholds():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 150).astype(np.float32)
    # All scores between two of Keras' 200 thresholds, with ties.
    scores = (0.5 + 1e-5 * np.round(5 * labels + 4 * generator.normal(size=150))).astype(np.float32)
    exact = area_under_roc(scores, labels)
    metric = ExactAUC(200)
    assert epoch_of(metric, labels, scores) == pytest.approx(exact, abs=1e-7)
    assert epoch_of(metric, labels, 1 - scores) == pytest.approx(1 - exact, abs=1e-7)
    assert epoch_of(keras.metrics.AUC(), labels, scores) < exact - 0.1


def test_the_area_of_an_epoch_is_exact_in_a_training_and_is_kept_in_a_checkpoint(tmp_path):
    generator = np.random.default_rng(1)
    inputs = generator.normal(size=(100, 3)).astype(np.float32)
    labels = (inputs[:, :1] > 0.3).astype(np.float32)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, "sigmoid")])
    model.compile("sgd", "binary_crossentropy", metrics=[ExactAUC(100)])
    model.fit(inputs, labels, batch_size=32, epochs=1, verbose=0)
    model.save(tmp_path / "model.keras")
    for each in (model, keras.saving.load_model(tmp_path / "model.keras")):
        auc = each.evaluate(inputs, labels, batch_size=32, verbose=0, return_dict=True)["auc"]
        expected = area_under_roc(each.predict(inputs, verbose=0)[:, 0], labels[:, 0])
        assert auc == pytest.approx(expected, abs=1e-6)


def test_binary_crossentropy_equals_a_plain_loop():
    labels, probabilities = [1, 0, 1, 0], [0.9, 0.2, 0.4, 0.7]
    expected = [-math.log(p if label else 1 - p) for label, p in zip(labels, probabilities)]
    computed = binary_crossentropy(np.array(labels)[:, None], np.array(probabilities)[:, None])
    np.testing.assert_allclose(np.asarray(computed), expected, rtol=1e-5)


def test_same_is_label_one():
    sure_of_same = binary_crossentropy([[1.0]], [[0.99]]), binary_crossentropy([[0.0]], [[0.99]])
    assert float(sure_of_same[0][0]) < float(sure_of_same[1][0])


@pytest.mark.parametrize("label", [0.0, 1.0])
@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_certainty_has_a_finite_loss(label, probability):
    assert np.isfinite(float(binary_crossentropy([[label]], [[probability]])[0]))


def log_of_sum(values):
    return math.log(sum(math.exp(value) for value in values))


@pytest.mark.parametrize("margin", [0.0, 0.3])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_margin_softmax_equals_a_plain_loop(cosines, margin, label_smoothing):
    expected = []
    for label, row in zip(LABELS, cosines.tolist()):
        logits = [
            10 * (cosine - (margin if person == label else 0)) for person, cosine in enumerate(row)
        ]
        shares = [
            label_smoothing / len(row) + (1 - label_smoothing if person == label else 0)
            for person in range(len(row))
        ]
        expected.append(
            sum(share * (log_of_sum(logits) - logit) for share, logit in zip(shares, logits))
        )
    computed = margin_softmax(
        LABELS, cosines, margin=margin, scale=10.0, label_smoothing=label_smoothing
    )
    np.testing.assert_allclose(np.asarray(computed), expected, rtol=1e-4)


def test_without_margin_and_smoothing_it_is_the_softmax_crossentropy_that_everyone_knows(cosines):
    computed = margin_softmax(LABELS, cosines, margin=0.0, scale=10.0, label_smoothing=0.0)
    expected = keras.losses.sparse_categorical_crossentropy(
        LABELS, 10.0 * cosines, from_logits=True
    )
    np.testing.assert_allclose(np.asarray(computed), np.asarray(expected), rtol=1e-4)


def test_a_margin_makes_every_loss_larger(cosines):
    without, with_margin = (
        np.asarray(margin_softmax(LABELS, cosines, margin, 10.0, 0.0)) for margin in (0.0, 0.2)
    )
    assert (with_margin > without).all()


def test_batch_hard_triplet_equals_a_plain_loop(embeddings):
    expected = []
    for row, label in enumerate(LABELS):
        cosines = [float(np.dot(embeddings[row], other)) for other in embeddings]
        same = [
            cosine
            for place, cosine in enumerate(cosines)
            if LABELS[place] == label and place != row
        ]
        different = [cosine for place, cosine in enumerate(cosines) if LABELS[place] != label]
        expected.append(math.log(1 + math.exp(10 * (max(different) - min(same)))) if same else 0.0)
    np.testing.assert_allclose(
        np.asarray(batch_hard_triplet(LABELS, embeddings, scale=10.0)), expected, rtol=1e-4
    )


def test_supervised_contrastive_equals_a_plain_loop(embeddings):
    expected = []
    for row, label in enumerate(LABELS):
        logits = {
            place: 10 * float(np.dot(embeddings[row], other))
            for place, other in enumerate(embeddings)
            if place != row
        }
        same = [place for place in logits if LABELS[place] == label]
        losses = [log_of_sum(logits.values()) - logits[place] for place in same]
        expected.append(sum(losses) / len(losses) if losses else 0.0)
    np.testing.assert_allclose(
        np.asarray(supervised_contrastive(LABELS, embeddings, scale=10.0)), expected, rtol=1e-4
    )


@WITHIN_BATCH
def test_a_image_alone_in_its_batch_has_no_loss_and_the_others_have(function, embeddings):
    losses = np.asarray(function(LABELS, embeddings, scale=10.0))
    assert (losses == 0).tolist() == (LABELS == 3).tolist()


@WITHIN_BATCH
@pytest.mark.parametrize("labels", [range(8), [0] * 8], ids=["strangers", "one person"])
def test_a_batch_without_pairs_of_one_kind_gives_finite_gradients(function, embeddings, labels):
    variable = tf.Variable(embeddings)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(function(np.array(labels), variable, scale=10.0))
    gradient = tape.gradient(loss, variable).numpy()
    assert np.isfinite(loss.numpy()) and np.isfinite(gradient).all()
    if len(set(labels)) == 8:
        assert loss.numpy() == 0 and not gradient.any()


@WITHIN_BATCH
def test_embeddings_that_tell_people_apart_have_a_smaller_loss(function):
    directions = np.eye(4, dtype=np.float32)
    right, wrong = directions[[0, 0, 1, 1]], directions[[0, 1, 0, 1]]
    losses = [
        np.asarray(function(np.array([0, 0, 1, 1]), embeddings, scale=10.0)).max()
        for embeddings in (right, wrong)
    ]
    assert losses[0] < 0.01 and losses[1] > 1


CONFIGS = {
    "binary_crossentropy": {},
    "margin_softmax": {
        "protocol": "people",
        "margin": 0.3,
        "cosine_scale": 12.0,
        "label_smoothing": 0.1,
    },
    "batch_hard_triplet": {"protocol": "people", "cosine_scale": 12.0, "images_per_class": 2},
    "supervised_contrastive": {"protocol": "people", "cosine_scale": 12.0, "images_per_class": 2},
}
SETTINGS = {
    "binary_crossentropy": {},
    "margin_softmax": {"margin": 0.3, "scale": 12.0, "label_smoothing": 0.1},
}


@pytest.mark.parametrize("name", CONFIGS)
def test_the_loss_of_an_experiment_has_its_settings_and_survives_a_checkpoint(
    name, embeddings, cosines
):
    loss = build_loss(
        ExperimentConfig(experiment="test", loss=name, monitor="val_auc", **CONFIGS[name])
    )
    outputs = {"binary_crossentropy": np.abs(cosines[:, :1]), "margin_softmax": cosines}.get(
        name, embeddings
    )
    labels = (
        (LABELS[:, np.newaxis] > 0).astype(np.float32) if name == "binary_crossentropy" else LABELS
    )
    expected = np.mean(FUNCTIONS[name](labels, outputs, **SETTINGS.get(name, {"scale": 12.0})))
    restored = keras.saving.deserialize_keras_object(
        json.loads(json.dumps(keras.saving.serialize_keras_object(loss)))
    )
    assert type(restored) is ConfiguredLoss and restored.get_config() == loss.get_config()
    for one in (loss, restored, ConfiguredLoss.from_config(loss.get_config())):
        assert float(one(labels, outputs)) == pytest.approx(expected, rel=1e-5)
