"""Objectives of a training: loss functions, each with its formula, and optimizers.

In losses of pairs label 1 = same person; in losses of classes the label is the class, from 0 on.
"""

from typing import Any

from siamese_lib.config import ExperimentConfig
from siamese_lib.utils.tensorflow import keras, tf

ops = keras.ops
registered = keras.saving.register_keras_serializable("siamese_lib")

WARM_UP_SHARE = 0.05  # of all steps, with the cosine schedule


def binary_crossentropy(labels: Any, probabilities: Any) -> Any:
    """The cross-entropy of each pair's label given the predicted probability.

    loss = -(y log p + (1 - y) log(1 - p)), with p kept 1e-7 away from 0 and 1 so that the
    logarithm stays finite; Koch et al. (2015), section 3.2, without the penalty, which the layers'
    regularisers add.

    Args:
        labels: `(batch, 1)`, 1 = same person.
        probabilities: `(batch, 1)`, of "same person".

    Returns:
        `(batch,)`
    """
    probabilities = ops.clip(ops.cast(probabilities, "float32"), 1e-7, 1.0 - 1e-7)
    labels = ops.cast(ops.reshape(labels, ops.shape(probabilities)), "float32")
    log_likelihood = labels * ops.log(probabilities) + (1.0 - labels) * ops.log(1.0 - probabilities)
    return -ops.mean(log_likelihood, axis=-1)


def margin_softmax(
    labels: Any, cosines: Any, margin: float, scale: float, label_smoothing: float
) -> Any:
    """Softmax cross-entropy over classes, with a margin subtracted from the true class's cosine.

    loss = -log softmax_y(scale * (cos_j - margin [j = y])); CosFace (Wang et al., 2018), equation
    4. Label smoothing (Szegedy et al., 2016) spreads the share `label_smoothing` of the label
    evenly over all classes.

    Args:
        labels: `(batch,)`, classes.
        cosines: `(batch, num_classes)`, between the embedding and each class's direction.

    Returns:
        `(batch,)`
    """
    num_classes = ops.shape(cosines)[-1]
    is_class = ops.one_hot(
        ops.cast(ops.reshape(labels, (-1,)), "int32"), num_classes, dtype="float32"
    )
    log_probabilities = ops.log_softmax(
        scale * (ops.cast(cosines, "float32") - margin * is_class), axis=-1
    )
    target = (1.0 - label_smoothing) * is_class + label_smoothing / num_classes
    return -ops.sum(target * log_probabilities, axis=-1)


def batch_hard_triplet(labels: Any, embeddings: Any, scale: float) -> Any:
    """Compares, in a batch, the hardest image of the same person with the hardest other one.

    loss = log(1 + exp(scale * (hardest different cosine - hardest same cosine))), zero for an image
    whose person has no other image in the batch; batch-hard with soft margin (Hermans, Beyer and
    Leibe, 2017, section 2).

    Args:
        labels: `(batch,)`, classes.
        embeddings: `(batch, embedding_size)`, of unit length.

    Returns:
        `(batch,)`
    """
    cosines, same = _cosines_and_same(labels, embeddings)
    # The cosine of an embedding to itself is 1, so it never is the hardest.
    hardest_same = ops.min(ops.where(same, cosines, 1.0), axis=1)
    hardest_different = ops.max(ops.where(same, -1.0, cosines), axis=1)
    losses = ops.softplus(scale * (hardest_different - hardest_same))
    return losses * ops.cast(_num_others(same) > 0, "float32")


def supervised_contrastive(labels: Any, embeddings: Any, scale: float) -> Any:
    """Identifies the other images of the same person among all other images of the batch.

    loss = -mean over other images p of the person of log softmax_p(scale * cos) without the image
    itself, zero for an image whose person has no other one; Khosla et al. (2020), equation 2, with
    the temperature 1 / scale.

    Args:
        labels: `(batch,)`, classes.
        embeddings: `(batch, embedding_size)`, of unit length.

    Returns:
        `(batch,)`
    """
    cosines, same = _cosines_and_same(labels, embeddings)
    itself = ops.eye(ops.shape(cosines)[0], dtype="bool")
    log_probabilities = ops.log_softmax(ops.where(itself, -1e9, scale * cosines), axis=-1)
    of_same = ops.where(ops.logical_and(same, ops.logical_not(itself)), log_probabilities, 0.0)
    return -ops.sum(of_same, axis=1) / ops.maximum(_num_others(same), 1.0)


def _cosines_and_same(labels, embeddings):
    """The cosine of each two images in a batch, and whether their classes agree."""
    labels, embeddings = ops.reshape(labels, (-1,)), ops.cast(embeddings, "float32")
    cosines = ops.matmul(embeddings, ops.transpose(embeddings))
    return cosines, ops.equal(labels[:, None], labels[None, :])


def _num_others(same):
    return ops.sum(ops.cast(same, "float32"), axis=1) - 1.0


FUNCTIONS = {
    function.__name__: function
    for function in (
        binary_crossentropy,
        margin_softmax,
        batch_hard_triplet,
        supervised_contrastive,
    )
}


@registered
class ConfiguredLoss(keras.losses.Loss):
    """One of `FUNCTIONS` with its settings, in a form that a checkpoint can store."""

    def __init__(self, function, settings, name=None, **others):
        super().__init__(name=name or function, **others)
        self.function, self.settings = function, dict(settings)

    def call(self, labels, outputs):
        return FUNCTIONS[self.function](labels, outputs, **self.settings)

    def get_config(self):
        return {**super().get_config(), "function": self.function, "settings": self.settings}


def build_loss(config: ExperimentConfig) -> ConfiguredLoss:
    """The loss of an experiment."""
    settings: dict[str, float] = {}
    if config.loss != "binary_crossentropy":
        settings = {"scale": config.cosine_scale}
    if config.loss == "margin_softmax":
        settings |= {"margin": config.margin, "label_smoothing": config.label_smoothing}
    return ConfiguredLoss(config.loss, settings)


@registered
class ExactAUC(keras.metrics.Metric):
    """The area under the ROC curve of all pairs of an epoch, as `metrics.area_under_roc`.

    Keras' own AUC counts the scores at 200 thresholds; scores between two of them are one score to
    it, so it can stand at 0.5 while the ranking is nearly perfect.

    Args:
        capacity: the largest number of pairs in an epoch.
    """

    def __init__(self, capacity, name="auc", **others):
        super().__init__(name=name, **others)
        self.capacity = capacity
        self.scores = self.add_variable((capacity,), "zeros", name="scores")
        self.labels = self.add_variable((capacity,), "zeros", name="labels")
        self.count = self.add_variable((), "zeros", dtype="int32", name="count")

    def update_state(self, labels, scores, sample_weight=None):
        """Keeps the scores of a batch, `(batch, 1)`; label 1 = same person."""
        scores = ops.reshape(ops.cast(scores, self.dtype), (-1,))
        rows = (self.count + ops.arange(ops.shape(scores)[0]))[:, None]
        labels = ops.reshape(ops.cast(labels, self.dtype), (-1,))
        self.scores.assign(ops.scatter_update(self.scores, rows, scores))
        self.labels.assign(ops.scatter_update(self.labels, rows, labels))
        self.count.assign_add(ops.shape(scores)[0])

    def result(self):
        """The share of pairs of a same and a different pair in the right order; ties count half."""
        scores, labels, count = map(tf.convert_to_tensor, (self.scores, self.labels, self.count))
        scores, is_same = scores[:count], labels[:count] > 0.5
        same, different = scores[is_same], tf.sort(scores[~is_same])
        below, not_above = (
            tf.searchsorted(different, same, side, tf.int64) for side in ("left", "right")
        )
        num_right = tf.reduce_sum(below + not_above) / 2  # float64: exact for any number of pairs
        num_comparisons = tf.size(same, tf.int64) * tf.size(different, tf.int64)
        return tf.math.divide_no_nan(num_right, tf.cast(num_comparisons, tf.float64))

    def get_config(self):
        return {**super().get_config(), "capacity": self.capacity}


class _FusedUpdate:
    """Adam's update (Kingma and Ba, 2015) as one TensorFlow kernel for each variable.

    Numerically equal to Keras' up to rounding. Keras makes a dozen passes over memory, which bounds
    the speed in the reference: one layer holds nearly all of its 39 million weights.
    """

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(tf.cast(self.beta_1, variable.dtype), step),
            beta2_power=tf.pow(tf.cast(self.beta_2, variable.dtype), step),
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.cast(gradient, variable.dtype),
        )


@registered
class Adam(_FusedUpdate, keras.optimizers.Adam):
    """Adam with Keras' defaults."""


@registered
class KernelDecayAdamW(_FusedUpdate, keras.optimizers.AdamW):
    """AdamW (Loshchilov and Hutter, 2019) without decay of biases and batch normalisation.

    A class of its own, because Keras does not save the arguments of `exclude_from_weight_decay`: a
    resumed run would differ.
    """

    def __init__(self, **settings):
        super().__init__(**settings)
        self.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])


def build_optimizer(config: ExperimentConfig, steps_per_epoch: int) -> Any:
    """The optimizer of an experiment with its learning rate schedule."""
    learning_rate: Any = config.learning_rate
    if config.learning_rate_schedule == "cosine":
        num_steps = steps_per_epoch * config.num_epochs
        warm_up = max(1, round(WARM_UP_SHARE * num_steps))
        learning_rate = keras.optimizers.schedules.CosineDecay(
            0.0,
            max(1, num_steps - warm_up),
            warmup_target=config.learning_rate,
            warmup_steps=warm_up,
        )
    if config.optimizer == "adam":
        return Adam(learning_rate=learning_rate)
    return KernelDecayAdamW(learning_rate=learning_rate, weight_decay=config.weight_decay)
