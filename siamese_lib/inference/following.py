"""One pair, followed from its two files to the decision."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from siamese_lib.data.face_dataset import FaceDataset
from siamese_lib.data.images import cropped_and_resized, whole_image
from siamese_lib.data.pairs import CLASS_NAMES, Pair
from siamese_lib.evaluation.metrics import log_odds
from siamese_lib.inference.verifier import Verifier
from siamese_lib.models.networks import evidence
from siamese_lib.plots import following
from siamese_lib.utils.text import percent


@dataclass(frozen=True)
class FollowedPair:
    """What a network makes of a pair, step by step.

    Attributes:
        pair: the `Pair`.
        whole: the two whole images, `(height, width)` each, uint8.
        crop: the part that the network sees, as in `data.decode_image`.
        inputs: what the network sees, `(2, height, width)`, uint8.
        embeddings: `(2, embedding_size)`.
        terms: what each component adds to the log-odds, as `models.evidence` returns it,
            `(embedding_size,)`.
        constant: the head's bias, which is added to the terms.
        score: the probability that both images show the same person.
        threshold: the smallest score of a decision for the same person.
    """

    pair: Pair
    whole: tuple[np.ndarray, np.ndarray]
    crop: tuple[int, int, int, int] | str | None
    inputs: np.ndarray
    embeddings: np.ndarray
    terms: np.ndarray
    constant: float
    score: float
    threshold: float

    def table(self) -> pd.DataFrame:
        """A row for each step, in words."""
        sizes = [f"{image.shape[0]} x {image.shape[1]}" for image in self.whole]
        size, beginning = self.embeddings.shape[1], self.embeddings[:, :4]
        numbers = [", ".join(f"{value:.2f}" for value in side) for side in beginning]
        positive, negative = self.terms[self.terms > 0], self.terms[self.terms < 0]
        decision, truth = int(self.score >= self.threshold), self.pair.label
        outcome = "correct" if decision == truth else "wrong"
        steps = {
            "files": f"{self.pair.left} and {self.pair.right}",
            "images": f"{' and '.join(dict.fromkeys(sizes))} pixels, grey values from 0 to 255",
            "crop": _crop_in_words(self.crop),
            "input": f"{self.inputs.shape[1]} x {self.inputs.shape[2]} pixels",
            "embeddings": f"{size:,} numbers each: {numbers[0]}, ... and {numbers[1]}, ...",
            "for the same person": f"{len(positive):,} components, together {positive.sum():+.2f}",
            "against it": f"{len(negative):,} components, together {negative.sum():+.2f}",
            "constant": f"{self.constant:+.2f}",
            "log-odds": f"{self.terms.sum() + self.constant:+.2f}, the sum of these three",
            "score": f"{percent(self.score)}, the same as a probability",
            "threshold": f"{percent(self.threshold)}, chosen on validation pairs",
            "decision": f"{CLASS_NAMES[decision]}; {outcome}: the truth is {CLASS_NAMES[truth]}",
        }
        return pd.DataFrame({"step": list(steps), "result": list(steps.values())})

    def images_figure(self, title: str) -> Figure:
        """The two files with the crop, and what the network sees of them."""
        names = [str(self.pair.left), str(self.pair.right)]
        return following.files_and_inputs(self.whole, self.crop, self.inputs, names, title)

    def evidence_figure(self, title: str) -> Figure:
        """The two embeddings, and how their components add up to the score; no face is shown."""
        threshold = float(log_odds(self.threshold))
        return following.embeddings_and_evidence(
            self.embeddings, self.terms, self.constant, threshold, title
        )


def follow_pair(
    verifier: Verifier, dataset: FaceDataset, pair: Pair, threshold: float
) -> FollowedPair:
    """What a network makes of a pair, step by step, from the files to the decision.

    Args:
        verifier: a `Verifier`.
        dataset: where the pair's files are.
        pair: a `Pair` of the dataset.
        threshold: the smallest score of a decision for the same person.
    """
    faces = (pair.left, pair.right)
    whole = [whole_image(dataset, face, verifier.crop) for face in faces]
    inputs = np.stack(
        [
            cropped_and_resized(image, verifier.crop, verifier.image_size, str(face))
            for image, face in zip(whole, faces)
        ]
    )
    embeddings = verifier.embed(inputs[..., np.newaxis])
    terms, constant = evidence(verifier.head, embeddings[:1], embeddings[1:])
    left, right = (np.asarray(image) for image in whole)
    return FollowedPair(
        pair=pair,
        whole=(left, right),
        crop=verifier.crop,
        inputs=inputs,
        embeddings=embeddings,
        terms=terms[0],
        constant=constant,
        score=float(verifier.score(embeddings[:1], embeddings[1:])[0]),
        threshold=threshold,
    )


def _crop_in_words(crop):
    if crop is None:
        return "none: the whole image"
    if isinstance(crop, str):
        return crop.replace("_", " ")
    top, bottom, left, right = crop
    return f"rows {top} to {bottom}, columns {left} to {right}"
