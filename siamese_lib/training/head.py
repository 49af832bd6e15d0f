"""What is fitted after the last epoch: joint Bayesian, calibration, principal components."""

from collections.abc import Sequence

import numpy as np
from sklearn.decomposition import PCA

from siamese_lib.data.cache import FaceCache
from siamese_lib.data.pairs import Face
from siamese_lib.evaluation.metrics import log_odds, platt_scaling
from siamese_lib.inference.verifier import Verifier
from siamese_lib.models.layers import fit_joint_bayesian
from siamese_lib.training.pipeline import TrainingData


def fit_joint_bayesian_head(
    verifier: Verifier, cache: FaceCache, faces: Sequence[Face], classes: Sequence[str]
) -> None:
    """Fits a joint Bayesian head on training images and their classes."""
    embeddings = verifier.embed_faces(cache, faces)
    layer = verifier.head.get_layer("joint_bayesian")
    layer.set_weights(fit_joint_bayesian(embeddings, classes))


def calibrate(
    verifier: Verifier, scores: np.ndarray, labels: Sequence[int]
) -> dict[str, float] | None:
    """Calibrates the head by a logistic regression on pairs outside training (Platt, 1999).

    Scores that do not increase with the label are left unchanged: reversed, they would no longer be
    larger for more alike.

    Args:
        verifier: the network whose head is changed.
        scores: `(num_pairs,)`, from this head.
        labels: `(num_pairs,)`, 1 = same person.

    Returns:
        `{"slope", "intercept"}` of the log-odds, or None if nothing was changed.
    """
    slope, intercept = platt_scaling(scores, labels)
    if slope <= 0:
        return None
    _set_calibration(verifier, slope, intercept)
    return {"slope": slope, "intercept": intercept}


def calibrate_as_held_out(
    verifier: Verifier, data: TrainingData, train_embeddings: np.ndarray
) -> dict[str, float]:
    """Calibrates the head of a final network as its run with people held out was calibrated.

    Under protocol pairs a network of all pairs gives different pairs larger log-odds than one of
    four fifths of them, and the held-out threshold would not fit (docs/log.md, 2026-11-30). There a
    second line follows: it gives the training pairs that both networks learnt from the mean
    log-odds, of same and of different pairs, that the held-out network gives them. Under protocol
    people these means agree without it, and the line is needed only after a held-out run of earlier
    versions, which did not record its calibration.

    Args:
        verifier: the final network, whose head is changed.
        data: its `TrainingData`, with the held-out run.
        train_embeddings: of the faces of its training pairs, in their order.

    Returns:
        The calibration, as `calibrate` returns it.
    """
    assert data.held_out
    recorded = data.held_out.metrics.get("calibration")
    calibration = recorded or {"slope": 1.0, "intercept": 0.0}
    _set_calibration(verifier, **calibration)
    of_people = data.config.protocol == "people"
    if of_people and recorded:
        return calibration
    pairs, learnt = data.pairs["train"], data.held_out.pairs("train")
    if of_people:  # those of the held-out run are drawn from fewer people, so they are others
        pairs, train_embeddings = learnt, verifier.embed_faces(data.cache, learnt.faces)
    scores = dict(zip(pairs, verifier.score_embedded(pairs, train_embeddings)))
    wanted = dict(zip(learnt, data.held_out.scores("train")["score"]))
    both = [pair for pair in pairs if pair in wanted]
    odds, wanted_odds = (log_odds([each[pair] for pair in both]) for each in (scores, wanted))
    slope, intercept = _line_through_means(odds, wanted_odds, [pair.label for pair in both])
    _set_calibration(verifier, slope, intercept)
    return {
        "slope": slope * calibration["slope"],
        "intercept": slope * calibration["intercept"] + intercept,
    }


def _line_through_means(values, wanted, labels):
    """`(slope, intercept)` of the line that maps each label's mean value to its wanted mean."""
    is_same = np.asarray(labels) == 1
    (same, different), (wanted_same, wanted_different) = (
        (each[is_same].mean(), each[~is_same].mean()) for each in (values, wanted)
    )
    if same <= different:  # it has learnt nothing; a falling line would reverse its scores
        return 1.0, 0.0
    slope = float((wanted_same - wanted_different) / (same - different))
    return slope, float(wanted_same - slope * same)


def _set_calibration(verifier: Verifier, slope: float, intercept: float) -> None:
    unit = verifier.head.layers[-1]
    kernel, bias = unit.get_weights()
    unit.set_weights([slope * kernel, slope * bias + intercept])


def fit_projection(verifier: Verifier, cache: FaceCache, faces: Sequence[Face]) -> None:
    """Sets the linear map of descriptors to principal components of training images.

    Each component is divided by the fourth root of its variance: half-way to whitening, which would
    amplify noise.
    """

    layer = verifier.encoder.get_layer("embedding")
    components = PCA(layer.units, svd_solver="randomized", random_state=0)
    components.fit(verifier.inputs_of(cache[faces]))
    kernel = components.components_.T / components.explained_variance_**0.25
    layer.set_weights([kernel, -components.mean_ @ kernel])
