"""The optimizers of an experiment: a variable is updated by one kernel of TensorFlow, where Keras makes a dozen passes over memory."""

from siamese_lib.backend import keras, tf

WARM_UP_SHARE = 0.05  # of all steps, with the cosine schedule


class _OneKernel:
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
class Adam(_OneKernel, keras.optimizers.Adam):
    """Adam with Keras' defaults."""


@keras.saving.register_keras_serializable("siamese_lib")
class KernelDecayAdamW(_OneKernel, keras.optimizers.AdamW):
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
            0.0, max(1, num_steps - warm_up), warmup_target=config.learning_rate, warmup_steps=warm_up
        )
    if config.optimizer == "adam":
        return Adam(learning_rate=learning_rate)
    return KernelDecayAdamW(learning_rate=learning_rate, weight_decay=config.weight_decay)
