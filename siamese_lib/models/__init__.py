"""Networks: layers, encoders, heads, hand-crafted descriptors.

build_model            the Siamese network of an experiment
count_parameters       numbers of weights
layer_table            a row for each layer
local_binary_patterns  hand-crafted descriptors
fit_joint_bayesian     the joint Bayesian model of embeddings
"""

import lazy_loader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from siamese_lib.models.layers import fit_joint_bayesian as fit_joint_bayesian
    from siamese_lib.models.networks import build_model as build_model
    from siamese_lib.models.networks import count_parameters as count_parameters
    from siamese_lib.models.networks import layer_table as layer_table
    from siamese_lib.models.networks import local_binary_patterns as local_binary_patterns

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "networks": ["build_model", "count_parameters", "layer_table", "local_binary_patterns"],
        "layers": ["fit_joint_bayesian"],
    },
)
