"""Losses: one function each, with its formula; label 1 = same person."""

from siamese_lib.backend import keras

ops = keras.ops


@keras.saving.register_keras_serializable("siamese_lib")
def binary_crossentropy(labels, probabilities):
    """Cross-entropy of the label given the predicted probability, for each pair.

    loss = -(y log p + (1 - y) log(1 - p)), with p kept 1e-7 away from 0 and 1 so that the logarithm stays finite.
    Koch et al. (2015), section 3.2, without the penalty, which the layers' regularisers add.

    Args:
        labels: `(batch, 1)`, 1 = same person.
        probabilities: `(batch, 1)`, the predicted probability that the two are the same person.

    Returns:
        `(batch,)`
    """
    probabilities = ops.clip(ops.cast(probabilities, "float32"), 1e-7, 1.0 - 1e-7)
    labels = ops.cast(ops.reshape(labels, ops.shape(probabilities)), "float32")
    log_likelihood = labels * ops.log(probabilities) + (1.0 - labels) * ops.log(1.0 - probabilities)
    return -ops.mean(log_likelihood, axis=-1)
