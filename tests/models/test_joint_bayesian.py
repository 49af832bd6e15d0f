"""Joint Bayesian on drawn embeddings whose truth is known."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from siamese_lib.evaluation.metrics import area_under_roc
from siamese_lib.models import layers
from siamese_lib.models.layers import JointBayesian, fit_joint_bayesian

SIZE = 6
# Who somebody is shows in the first directions, what changes from image to image mostly in the last
# ones.
BETWEEN, WITHIN = np.diag([4.0, 3.0, 2.0, 0.5, 0.2, 0.1]), np.diag([0.2, 0.2, 0.3, 2.0, 3.0, 4.0])
CENTRE = np.full(
    SIZE, 20.0
)  # so far from the origin that taking the direction alone hardly bends the image


def drawn(num_people, per_person, seed):
    generator = np.random.default_rng(seed)
    own = generator.multivariate_normal(CENTRE, BETWEEN, num_people)
    people = np.repeat(np.arange(num_people), per_person)
    return own[people] + generator.multivariate_normal(np.zeros(SIZE), WITHIN, len(people)), people


def comparer(model_of_people):
    layer = JointBayesian()
    layer.build((None, SIZE), (None, SIZE))
    layer.set_weights(model_of_people)
    return lambda left, right: np.asarray(layer(np.float32(left), np.float32(right)))[:, 0]


def pairs_of(embeddings):
    """Same pairs, then different pairs, of embeddings that lie two by two."""
    left, right = embeddings[::2], embeddings[1::2]
    labels = np.repeat([1, 0], len(left))
    return np.concatenate([left, left]), np.concatenate([right, np.roll(right, 1, axis=0)]), labels


def test_it_tells_people_apart_better_than_the_cosine():
    compare = comparer(fit_joint_bayesian(*drawn(400, 3, seed=0)))
    left, right, labels = pairs_of(drawn(300, 2, seed=1)[0])
    centred = [side - CENTRE for side in (left, right)]
    cosine = (centred[0] * centred[1]).sum(axis=1) / np.prod(
        [np.linalg.norm(side, axis=1) for side in centred], axis=0
    )
    assert area_under_roc(compare(left, right), labels) > area_under_roc(cosine, labels) + 0.05


def test_it_is_the_likelihood_ratio_of_the_two_gaussians(monkeypatch):
    monkeypatch.setattr(layers, "RIDGE", 0.0)
    mean, projection, between = fit_joint_bayesian(*drawn(400, 3, seed=0))
    left, right, _ = pairs_of(drawn(20, 2, seed=2)[0])
    unit = [side / np.linalg.norm(side, axis=1, keepdims=True) for side in (left, right)]
    within_people = np.linalg.inv(projection @ projection.T)
    between_people = within_people @ projection @ np.diag(between) @ projection.T @ within_people
    total = within_people + between_people
    # Directions lie on a sphere, so that one direction has hardly any variance: the densities need
    # a little room.
    both = np.concatenate([side - mean for side in unit], axis=1)
    same = np.block([[total, between_people], [between_people, total]])
    different = np.block([[total, np.zeros_like(total)], [np.zeros_like(total), total]])
    density = [
        multivariate_normal(np.zeros(2 * SIZE), covariance, allow_singular=True).logpdf(both)
        for covariance in (same, different)
    ]
    ratio = density[0] - density[1]
    score = comparer((mean, projection, between))(left, right)
    np.testing.assert_allclose(
        score - score.mean(), ratio - ratio.mean(), atol=2e-2 * np.ptp(ratio)
    )


def test_it_is_symmetric_and_only_directions_count():
    embeddings, people = drawn(100, 3, seed=3)
    compare = comparer(fit_joint_bayesian(embeddings, people))
    left, right = embeddings[:50], embeddings[50:100]
    np.testing.assert_allclose(compare(left, right), compare(right, left), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(
        compare(3 * left, 0.5 * right), compare(left, right), rtol=1e-3, atol=1e-3
    )
    longer = fit_joint_bayesian(
        embeddings * np.random.default_rng(0).uniform(1, 9, (len(embeddings), 1)), people
    )
    np.testing.assert_allclose(
        comparer(longer)(left, right), compare(left, right), rtol=1e-3, atol=1e-3
    )


def test_people_with_one_image_count_for_the_differences_between_people_alone():
    embeddings, people = drawn(60, 3, seed=4)
    others, _ = drawn(200, 1, seed=5)
    _, _, between = fit_joint_bayesian(
        np.concatenate([embeddings, others]), np.concatenate([people, 1000 + np.arange(200)])
    )
    assert np.isfinite(between).all() and between.max() > 1


def test_nobody_with_two_images_is_refused():
    with pytest.raises(ValueError, match="two images"):
        fit_joint_bayesian(np.eye(SIZE), range(SIZE))
