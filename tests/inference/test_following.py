"""The pair that is followed from its files to the decision."""

import keras
import numpy as np
import pytest

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.load import load_dataset
from siamese_lib.inference.following import follow_pair
from siamese_lib.inference.verifier import Verifier
from siamese_lib.models.networks import build_model

CONFIG = ExperimentConfig(
    experiment="test",
    encoder="compact",
    crop=(10, 100, 6, 86),
    image_size=(40, 36),
    embedding_size=32,
    base_filters=16,
)


@pytest.fixture(scope="module")
def dataset():
    return load_dataset("sample")


@pytest.fixture(scope="module")
def followed(dataset):
    keras.utils.set_random_seed(0)
    settings = {"crop": list(CONFIG.crop), "image_size": [40, 36], "test_time_flip": True}
    verifier = Verifier(build_model(CONFIG), settings)
    return verifier, follow_pair(verifier, dataset, dataset.test_pairs.pairs[0], threshold=0.3)


def test_a_followed_pair_has_the_score_that_it_has_among_others(dataset, followed):
    from siamese_lib.data.cache import open_cache

    verifier, pair = followed
    cache = open_cache(dataset, CONFIG.crop, CONFIG.image_size, dataset.test_pairs.faces)
    scores = verifier.score_pairs(cache, dataset.test_pairs)
    assert pair.score == pytest.approx(scores[0], abs=1e-5)
    log_odds = np.log(pair.score / (1 - pair.score))
    assert pair.terms.sum() + pair.constant == pytest.approx(log_odds, abs=1e-4)
    assert np.array_equal(pair.inputs, cache[[pair.pair.left, pair.pair.right]][..., 0])


def test_its_table_leads_from_the_files_to_the_decision(followed):
    _, pair = followed
    result = pair.table().set_index("step")["result"]
    assert result["files"] == "s29_0001 and s29_0003"
    assert result["crop"].startswith("rows 10 to 100, columns 6 to 86")
    assert result["input"] == "40 x 36 pixels"
    assert result["score"].startswith(f"{100 * pair.score:.1f} %")
    said = "same person" if pair.score >= 0.3 else "different people"
    assert result["decision"].startswith(said)


def test_the_figure_of_the_evidence_ends_at_the_score(followed):
    _, pair = followed
    figure = pair.evidence_figure("title")
    total = pair.terms.sum() + pair.constant
    (axes,) = [axes for axes in figure.axes if axes.get_ylabel() == "log-odds"]
    (end,) = [line.get_ydata()[-1] for line in axes.lines if len(line.get_ydata()) == 1]
    assert end == pytest.approx(total, abs=1e-4) and f"the sum {total:.2f}" in figure.description


def test_the_figure_of_the_files_names_both(followed):
    _, pair = followed
    assert "s29_0001; seen by the network 40 x 36" in pair.images_figure("title").description
