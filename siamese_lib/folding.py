"""Batch normalisation folded into the layer before it: what a trained encoder computes, in two thirds of the time.

Outside training, batch normalisation multiplies each channel by one number and adds another. Both can be put into the kernel and the bias
of the convolution before it (Jacob et al., 2018, section 3.2), which saves a pass over memory for each of them.
"""

from collections import Counter

import numpy as np

from siamese_lib.backend import keras

layers = keras.layers


class FoldedEncoder:
    """An encoder at work: it computes what the encoder it was made of computes with the weights of the last `refresh`, which comes first.

    Attributes:
        network: a `keras.Model` from pictures to embeddings. It shares with the encoder all layers but those that were folded.
    """

    def __init__(self, encoder):
        self._folded = [(one, other, _with_bias(one)) for one, other in _foldable(encoder)]
        twins = {one.name: twin for one, _, twin in self._folded}
        gone = {other.name for _, other, _ in self._folded}
        self.network = encoder
        if twins:
            self.network = keras.models.clone_model(
                encoder,
                clone_function=lambda layer: twins.get(layer.name, layer),
                call_function=lambda layer, *inputs, **others: inputs[0] if layer.name in gone else layer(*inputs, **others),
            )

    def refresh(self):
        """Takes over the encoder's weights as they are now."""
        for layer, normalization, twin in self._folded:
            gamma, beta, mean, variance = (np.asarray(part) for part in normalization.get_weights())
            kernel, *bias = layer.get_weights()
            scale = gamma / np.sqrt(variance + normalization.epsilon)
            twin.set_weights([kernel * scale, beta + ((bias[0] if bias else 0.0) - mean) * scale])


def _foldable(encoder):
    """`(layer, normalization)`: convolutions and dense layers with nothing behind them but a batch normalisation."""
    made_by = {id(layer.output): layer for layer in encoder.layers}
    taken = Counter(id(tensor) for layer in encoder.layers for tensor in keras.tree.flatten(layer.input))
    pairs = []
    for normalization in encoder.layers:
        if isinstance(normalization, layers.BatchNormalization):
            layer = made_by[id(normalization.input)]
            linear = getattr(layer, "activation", None) is keras.activations.linear
            if isinstance(layer, (layers.Conv2D, layers.Dense)) and linear and taken[id(normalization.input)] == 1:
                pairs.append((layer, normalization))
    return pairs


def _with_bias(layer):
    return type(layer).from_config({**layer.get_config(), "use_bias": True, "kernel_regularizer": None})
