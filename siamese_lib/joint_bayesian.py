"""Joint Bayesian: which differences between two embeddings matter, learnt from people with several pictures. Needs no TensorFlow.

An embedding is taken as mean + what is the person's own + what changes from picture to picture, both Gaussian (Chen et al., "Bayesian
face revisited", 2012). Two embeddings are then compared by how much likelier they are with one person behind them than with two.
"""

import numpy as np

RIDGE = 0.3  # of the mean within-person variance, added to all directions; from 0.1 to 0.8 validation hardly changes (docs/log.md)


def fit_joint_bayesian(embeddings, people):
    """Estimates the model in the coordinates in which it is simplest: variance 1 within people, independent between them.

    With the covariances within people S_w (from people with several pictures) and between them S_b (of all pictures, less S_w), the
    projection V solves V' S_w V = 1, V' S_b V = diag(b).

    Args:
        embeddings: `(num_images, embedding_size)`; only their directions count.
        people: whose picture each is, `(num_images,)`.

    Returns:
        `(mean, projection, between)`: `(embedding_size,)`, `(embedding_size, embedding_size)`, and b, `(embedding_size,)`.

    Raises:
        ValueError: if nobody has two pictures.
    """
    from scipy.linalg import eigh

    embeddings = np.asarray(embeddings, dtype=float)
    embeddings = embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)
    _, index, counts = np.unique(people, return_inverse=True, return_counts=True)
    num_differences = len(index) - len(counts)
    if num_differences < 1:
        raise ValueError(f"Joint Bayesian needs people with two pictures. Received: {len(index)} pictures of {len(counts)} people")
    means = np.zeros((len(counts), embeddings.shape[1]))
    np.add.at(means, index, embeddings)
    means /= counts[:, np.newaxis]
    differences = embeddings - means[index]  # zero for who has one picture, who so adds nothing
    within = differences.T @ differences / num_differences
    between = np.cov(embeddings.T) - within
    within += RIDGE * np.trace(within) / len(within) * np.eye(len(within)) + 1e-9 * np.eye(len(within))
    variances, projection = eigh(between, within)
    return embeddings.mean(axis=0), projection, np.maximum(variances, 0.0)
