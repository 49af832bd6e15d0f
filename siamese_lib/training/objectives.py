"""Losses: one function each, with its formula; label 1 = same person; who it is, is a whole number from 0.

The optimizers of an experiment: a variable is updated by one kernel of TensorFlow, where Keras makes a dozen passes over memory.
"""

from siamese_lib.utils.tensorflow import keras, tf

ops = keras.ops


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


def margin_softmax(labels, cosines, margin, scale, label_smoothing):
    """Cross-entropy over classes, with the cosine to the right one made smaller by a margin.

    loss = -log softmax_y(scale * (cos_j - margin [j = y])); CosFace (Wang et al., 2018), equation 4. With label smoothing
    (Szegedy et al., 2016) the share `label_smoothing` of the label is spread evenly over all classes.

    Args:
        labels: `(batch,)`, whole numbers: which class it is.
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


def batch_hard_triplet(labels, embeddings, scale):
    """For each image the least similar one of the same person against the most similar one of somebody else, in its batch.

    loss = log(1 + exp(scale * (hardest different cosine - hardest same cosine))), zero for an image without another of its person;
    batch-hard with soft margin (Hermans, Beyer and Leibe, 2017, section 2).

    Args:
        labels: `(batch,)`, whole numbers: who it is.
        embeddings: `(batch, embedding_size)`, of unit length.

    Returns:
        `(batch,)`
    """
    cosines, same = _cosines_and_same(labels, embeddings)
    hardest_same = ops.min(
        ops.where(same, cosines, 1.0), axis=1
    )  # an embedding has the cosine 1 to itself
    hardest_different = ops.max(ops.where(same, -1.0, cosines), axis=1)
    return ops.softplus(scale * (hardest_different - hardest_same)) * ops.cast(
        _others(same) > 0, "float32"
    )


def supervised_contrastive(labels, embeddings, scale):
    """Each image must find the others of its person among all others of its batch.

    loss = -mean over others p of the same person of log softmax_p(scale * cos), itself left out, zero for an image without another of
    its person; Khosla et al. (2020), equation 2, with 1 / scale as temperature.

    Args:
        labels: `(batch,)`, whole numbers: who it is.
        embeddings: `(batch, embedding_size)`, of unit length.

    Returns:
        `(batch,)`
    """
    cosines, same = _cosines_and_same(labels, embeddings)
    itself = ops.eye(ops.shape(cosines)[0], dtype="bool")
    log_probabilities = ops.log_softmax(ops.where(itself, -1e9, scale * cosines), axis=-1)
    of_same = ops.where(ops.logical_and(same, ops.logical_not(itself)), log_probabilities, 0.0)
    return -ops.sum(of_same, axis=1) / ops.maximum(_others(same), 1.0)


def _cosines_and_same(labels, embeddings):
    labels, embeddings = ops.reshape(labels, (-1,)), ops.cast(embeddings, "float32")
    return ops.matmul(embeddings, ops.transpose(embeddings)), ops.equal(
        labels[:, None], labels[None, :]
    )


def _others(same):
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


@keras.saving.register_keras_serializable("siamese_lib")
class ConfiguredLoss(keras.losses.Loss):
    """One of the functions above with its settings, in a form that a checkpoint can hold."""

    def __init__(self, function, settings, name=None, **others):
        super().__init__(name=name or function, **others)
        self.function, self.settings = function, dict(settings)

    def call(self, labels, outputs):
        return FUNCTIONS[self.function](labels, outputs, **self.settings)

    def get_config(self):
        return {**super().get_config(), "function": self.function, "settings": self.settings}


def build_loss(config):
    """The loss of an experiment."""
    settings = {
        "margin_softmax": {
            "margin": config.margin,
            "scale": config.cosine_scale,
            "label_smoothing": config.label_smoothing,
        },
        "batch_hard_triplet": {"scale": config.cosine_scale},
        "supervised_contrastive": {"scale": config.cosine_scale},
    }
    return ConfiguredLoss(config.loss, settings.get(config.loss, {}))


WARM_UP_SHARE = 0.05  # of all steps, with the cosine schedule


class _FusedUpdate:
    """The update of Adam (Kingma and Ba, 2015), as Keras computes it but for the last digits.

    In the reference nearly all of 39 million weights are one layer's: there the update is bound by memory, not by arithmetic.
    """

    def update_step(self, gradient, variable, learning_rate):
        place = self._get_variable_index(variable)
        step = tf.cast(self.iterations + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[place].value.handle,
            v=self._velocities[place].value.handle,
            beta1_power=tf.pow(tf.cast(self.beta_1, variable.dtype), step),
            beta2_power=tf.pow(tf.cast(self.beta_2, variable.dtype), step),
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.cast(gradient, variable.dtype),
        )


@keras.saving.register_keras_serializable("siamese_lib")
class Adam(_FusedUpdate, keras.optimizers.Adam):
    """Adam with Keras' defaults."""


@keras.saving.register_keras_serializable("siamese_lib")
class KernelDecayAdamW(_FusedUpdate, keras.optimizers.AdamW):
    """AdamW (Loshchilov and Hutter, 2019) that decays kernels only; biases and normalisation are left out.

    A class of its own, because Keras does not save what `exclude_from_weight_decay` was told, and a resumed run would differ.
    """

    def __init__(self, **settings):
        super().__init__(**settings)
        self.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])


def build_optimizer(config, steps_per_epoch):
    """The optimizer of an experiment with its learning rate schedule."""
    learning_rate = config.learning_rate
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
