"""Networks: layers, encoders, heads, hand-crafted descriptors.

build_model            the Siamese network of an experiment
comparison             how its head compares two embeddings, in words
evidence               what each component of two embeddings adds to the log-odds
count_parameters       numbers of weights
block_table            a row for each block of layers
layer_table            a row for each layer
DESCRIPTORS            hand-crafted descriptors by the encoder's name
fit_joint_bayesian     the joint Bayesian model of embeddings
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
