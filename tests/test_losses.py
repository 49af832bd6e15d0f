"""The losses against plain loops."""

import math

import numpy as np
import pytest

from siamese_lib.losses import binary_crossentropy


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
