# The public names, for lazy loading, editors and type checkers.
from .answers import (
    compared as compared,
    ranked as ranked,
    rates_of as rates_of,
)
from .server import start as start
