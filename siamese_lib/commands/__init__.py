"""The commands of the command line, each with its arguments; the library is imported on use.

experiments  prepare, summary, train, sweep, report, leaderboard
scoring      evaluate, oneshot, verify, find
own_pictures calibrate
"""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from siamese_lib.utils.machine import user_path

PARSER = ArgumentParser(
    prog="python -m siamese_lib", description="One-shot face verification with Siamese networks."
)
COMMANDS = PARSER.add_subparsers(required=True, metavar="COMMAND")
AddTo = Callable[[Any], Any]  # adds an argument to a parser or to a group of a parser


def command(*arguments: AddTo) -> Callable[[Callable], Callable]:
    """Makes a function a command with these arguments; its docstring is the command's help.

    The function is called with the parsed options, where it stands itself as `command`.
    """

    def register(function: Callable) -> Callable:
        text = function.__doc__
        parser = COMMANDS.add_parser(function.__name__, help=text, description=text)
        parser.set_defaults(command=function)
        for add_argument in arguments:
            add_argument(parser)
        return function

    return register


def argument(*names: str, **settings: Any) -> AddTo:
    """An argument of a command, described as for `ArgumentParser.add_argument`."""
    return lambda parser: parser.add_argument(*names, **settings)


def one_of(*arguments: AddTo, required: bool = False) -> AddTo:
    """Arguments of a command that exclude each other."""

    def add_to(parser: Any) -> None:
        group = parser.add_mutually_exclusive_group(required=required)
        for add_argument in arguments:
            add_argument(group)

    return add_to


def check_exists(kind: str, *paths: Path | str | None) -> None:
    """Checks paths that a user gave, before the seconds that TensorFlow's import takes.

    Args:
        kind: what the paths are, for the message.
        paths: None for those that were not given.

    Raises:
        FileNotFoundError: if there is nothing at a path.
    """
    for path in paths:
        if path and not user_path(path).exists():
            raise FileNotFoundError(f"There is no such {kind}; check the path. Received: {path}")


def check_runs(path: Path | str) -> None:
    """Checks the option `--runs`, as `check_exists`: the folder is made where there is none.

    Raises:
        ValueError: if it is a file.
    """
    if Path(path).is_file():
        raise ValueError(f"--runs takes a folder, and this is a file. Received: {path}")


# Their functions add themselves to the parser above.
from siamese_lib.commands import experiments, own_pictures, scoring  # noqa: E402, F401
