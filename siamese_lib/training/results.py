"""What a training leaves in its run's folder: scores of every pair, metrics, one-shot accuracies, the model.

An ensemble: the scores of several finished runs on the same pairs, weighed by a logistic regression on the validation pairs.
"""

import dataclasses
import time
import warnings
from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.metrics import log_loss

from siamese_lib.config import ExperimentConfig
from siamese_lib.data.face_dataset import FaceDataset
from siamese_lib.data.images import FaceCache
from siamese_lib.data.pairs import PairList, TrialSet
from siamese_lib.data.sampling import ClassSampler, PairSampler
from siamese_lib.evaluation.metrics import log_odds, metrics_of_splits
from siamese_lib.evaluation.oneshot import (
    cosine_similarity,
    images_of,
    oneshot_accuracies,
    pixel_vectors,
    trial_accuracy,
)
from siamese_lib.models.networks import count_parameters
from siamese_lib.training.objectives import binary_crossentropy
from siamese_lib.training.run import SPLITS
from siamese_lib.utils.machine import versions
from siamese_lib.utils.tensorflow import keras


@dataclass(frozen=True)
class Results:
    """What is measured of a trained network, and written down.

    Attributes:
        config: the `ExperimentConfig`.
        dataset: the `FaceDataset`.
        pairs: `{split: PairList}`.
        examples: what was learnt from.
        cache: a `FaceCache` of all images.
        trial_sets: `{part: [TrialSet]}`, or {}.
    """

    config: ExperimentConfig
    dataset: FaceDataset
    pairs: dict[str, PairList]
    examples: PairSampler | ClassSampler
    cache: FaceCache
    trial_sets: dict[str, list[TrialSet]]

    def save_intermediate(self, run, verifier, history):
        """Writes what a run of so few epochs would have written, but for the model: scores and metrics of the network as it is now."""
        if run.done:
            return
        run.write_json(
            "config.json",
            dataclasses.replace(self.config, num_epochs=len(history), score_epochs=()).to_dict(),
        )
        run.write_history(history.to_dict("records"))
        metrics, _ = self._write_scores(run, verifier, {})
        run.write_json("metrics.json", metrics)
        run.finish()

    def write(self, run, verifier, seconds):
        """Scores every pair, chooses the threshold on validation, writes scores, metrics and model."""
        metrics, embeddings = self._write_scores(run, verifier, seconds)
        # Images of people who are not trained on; most have been embedded with the pairs.
        known = {
            face: row
            for split in ("validation", "test")
            for face, row in zip(self.pairs[split].faces, embeddings[split])
        }
        run.write_oneshot(
            self._oneshot(verifier, self._embedded(verifier, self.dataset.oneshot_faces, known))
        )
        if self.trial_sets:
            trials = self._trials(verifier, known)
            run.write_trials(trials)
            metrics["oneshot"] = {
                part: trial_accuracy(trials[trials["split"] == part]) for part in self.trial_sets
            }
        run.write_json("metrics.json", metrics)
        config = self.config
        verifier.settings |= {
            "threshold": metrics["threshold"],
            "experiment": config.experiment,
            "dataset": config.dataset,
            "seed": config.seed,
        }
        verifier.save(run.path("model.keras"))

    def _write_scores(self, run, verifier, seconds):
        pairs, cache = self.pairs, self.cache
        embeddings = {
            split: verifier.embed_faces(cache, pairs[split].faces)
            for split in ("train", "validation")
        }
        if self.config.learns_classes:
            self._fit_head(verifier, embeddings["validation"])
        started = time.perf_counter()
        embeddings["test"] = verifier.embed_faces(cache, pairs["test"].faces)
        scores = {"test": verifier.score_embedded(pairs["test"], embeddings["test"])}
        predict = time.perf_counter() - started
        scores |= {
            split: verifier.score_embedded(pairs[split], embeddings[split])
            for split in ("train", "validation")
        }
        _warn_of_collapse(embeddings["validation"], scores["validation"])
        losses = {
            split: penalised_loss(verifier.network, scores[split], pairs[split].labels)
            for split in SPLITS
        }
        metrics = metrics_of_splits(pairs, scores, losses)
        metrics["seconds"] = seconds | {"predict": predict} | _seconds_of(run.history)
        metrics |= {
            "num_epochs": len(run.history),
            "parameters": count_parameters(verifier.network),
            "examples": self.examples.counts,
        }
        run.write_scores(pairs, scores)
        return metrics, embeddings

    def _fit_head(self, verifier, embeddings):
        """No pair was trained on, so the head knows nothing yet: classes give it joint Bayesian, validation pairs make it a probability."""
        if self.config.joint_bayesian:
            # The images of one epoch, so that somebody with hundreds of images does not decide alone what varies within people.
            shown = self.examples.shown(self.config.seed, epoch=0)
            verifier.fit_joint_bayesian(
                self.cache, shown, [self.examples.class_of[face] for face in shown]
            )
        validation = self.pairs["validation"]
        verifier.calibrate(verifier.score_embedded(validation, embeddings), validation.labels)

    def _embedded(self, verifier, faces, known):
        """The embeddings `(len(faces), embedding_size)`; those that are not in `known` yet are made and put there."""
        if new := [face for face in faces if face not in known]:
            known.update(zip(new, verifier.embed_faces(self.cache, new)))
        return np.stack([known[face] for face in faces])

    def _oneshot(self, verifier, embeddings):
        """N-way one-shot accuracy on images of test people: the network's own score, and the pixels without any learning."""
        faces = self.dataset.oneshot_faces
        network = {self.config.experiment: partial(verifier.score_among, embeddings)}
        return oneshot_accuracies(
            network | {"pixels": cosine_similarity(pixel_vectors(self.cache[faces]))},
            faces,
            group_of=self.dataset.group_of,
        )

    def _trials(self, verifier, known):
        """The network's answers in the one-shot trials of every part, one below the other."""
        import pandas as pd

        tables = []
        for part, runs in self.trial_sets.items():
            faces = images_of(runs)
            tables.append(
                verifier.answer_trials(runs, faces, self._embedded(verifier, faces, known)).assign(
                    part=part
                )
            )
        return pd.concat(tables, ignore_index=True)


def _seconds_of(history):
    """Times of a training: the median of an epoch, until the epoch that was best on validation, all of it."""
    measure = next((name for name in ("val_auc", "val_oneshot_accuracy") if name in history), None)
    best = history[measure].idxmax() if measure else len(history) - 1
    seconds = history["seconds"]
    return {
        "epoch": float(seconds.median()),
        "converge": float(seconds[: best + 1].sum()),
        "train": float(seconds.sum()),
    }


def penalised_loss(network, scores, labels):
    """The loss as trained: mean cross-entropy plus the layers' L2 penalties, with dropout off."""
    columns = (np.asarray(values, dtype=np.float32)[:, np.newaxis] for values in (labels, scores))
    crossentropy = float(keras.ops.mean(binary_crossentropy(*columns)))
    return crossentropy + float(
        sum(keras.ops.convert_to_numpy(penalty) for penalty in network.losses)
    )


def _warn_of_collapse(embeddings, scores):
    if np.ptp(scores) < 1e-4:
        warnings.warn(
            "The network gives every validation pair the same score: it has learnt nothing; lower the learning_rate.",
            stacklevel=2,
        )
    if float(embeddings.std(axis=0).max()) < 1e-4:
        warnings.warn(
            "The embeddings have collapsed: every face has the same one; lower the learning_rate.",
            stacklevel=2,
        )


PAIR_COLUMNS = ["split", "left", "right", "label"]


def fuse(validation_scores, labels, scores):
    """Weighs the log-odds of the members by a logistic regression on validation pairs.

    Args:
        validation_scores: `(num_members, num_validation_pairs)`, probabilities.
        labels: of the validation pairs, 1 = same person.
        scores: `{split: (num_members, num_pairs)}`, the pairs to be scored.

    Returns:
        `(fused, weights)`: `{split: (num_pairs,)}`, probabilities, and the weight of each member's standardised log-odds.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    regression = make_pipeline(StandardScaler(), LogisticRegression())
    regression.fit(log_odds(validation_scores).T, np.asarray(labels))
    fused = {
        split: regression.predict_proba(log_odds(members).T)[:, 1]
        for split, members in scores.items()
    }
    return fused, [float(weight) for weight in regression[-1].coef_[0]]


def fuse_runs(run, members):
    """Writes the run of an ensemble: config and `DONE` are left to the caller.

    Args:
        run: the `Run` to be written.
        members: finished `Run`s that scored the same pairs.

    Raises:
        ValueError: if the members scored different pairs: others were held out of one than of another.
    """
    tables = [member.scores() for member in members]
    for member, table in zip(members, tables):
        if not table[PAIR_COLUMNS].equals(tables[0][PAIR_COLUMNS]):
            raise ValueError(
                "The members of an ensemble must score the same pairs; give them one protocol, validation_fraction and split_seed. "
                f"Received: {members[0].directory} and {member.directory}"
            )
    pairs = {split: members[0].pairs(split) for split in SPLITS}
    scores = {
        split: np.stack([table["score"][table["split"] == split] for table in tables])
        for split in SPLITS
    }
    fused, weights = fuse(scores["validation"], pairs["validation"].labels, scores)
    losses = {split: log_loss(pairs[split].labels, fused[split]) for split in SPLITS}
    parts = [member.metrics for member in members]
    metrics = metrics_of_splits(pairs, fused, losses)
    metrics["seconds"] = {
        key: sum(part["seconds"][key] for part in parts) for key in parts[0]["seconds"]
    }
    metrics["parameters"] = {
        key: sum(part["parameters"][key] for part in parts) for key in parts[0]["parameters"]
    }
    metrics["num_epochs"] = sum(part["num_epochs"] for part in parts)
    metrics["weights"] = dict(zip(run.config.members, weights))
    run.write_scores(pairs, fused)
    run.write_json("metrics.json", metrics)
    run.write_json("versions.json", {**versions(), "data": members[0].versions["data"]})
