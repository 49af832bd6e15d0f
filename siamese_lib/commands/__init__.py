"""The commands of the command line, each with its arguments; the library is imported on use.

parser       the command line's parser, and the decorator that adds a command to it
experiments  prepare, summary, train, sweep, report, leaderboard
scoring      evaluate, oneshot, verify, find
"""

from siamese_lib.commands import experiments, scoring
from siamese_lib.commands.parser import PARSER

__all__ = ["PARSER", "experiments", "scoring"]
