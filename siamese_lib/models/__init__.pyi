# The public names, for lazy loading, editors and type checkers.
from .descriptors import DESCRIPTORS as DESCRIPTORS
from .layers import fit_joint_bayesian as fit_joint_bayesian
from .networks import (
    build_model as build_model,
    comparison as comparison,
    evidence as evidence,
)
from .tables import (
    block_table as block_table,
    count_parameters as count_parameters,
    layer_table as layer_table,
)
