"""The commands of the command line, each with its arguments; the library is imported on use.

experiments  prepare, summary, train, sweep, report, leaderboard
scoring      evaluate, oneshot, verify, find
own_pictures calibrate
deployment   export, app
"""

from argparse import Action, ArgumentParser
from collections.abc import Callable
from functools import partial
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


class _PathAction(Action):
    """Keeps a path with `~` expanded, after a check of what is there."""

    def __init__(self, *names: Any, kind: str, what: str, **settings: Any) -> None:
        super().__init__(*names, **settings)
        self._kind, self._what = kind, what

    def __call__(self, parser, namespace, values, option_string=None):
        checked = [self._checked(value) for value in ([values] if self.nargs is None else values)]
        setattr(namespace, self.dest, checked[0] if self.nargs is None else checked)

    def _checked(self, value: str) -> str:
        if not value:  # an empty value is refused together with those of other options
            return value
        path, name = user_path(value), "/".join(self.option_strings) or self.metavar
        is_new = self._kind.startswith("new ")
        wrong = {
            "file": path.is_dir(),
            "folder": path.is_file(),
            "new file": path.is_dir(),
            "new folder": path.is_file(),
        }
        if wrong.get(self._kind):
            other = "a folder" if self._kind.endswith("file") else "a file"
            wanted = self._kind.removeprefix("new ")
            raise ValueError(f"{name} takes a {wanted}, and this is {other}. Received: {value}")
        if is_new and not next(each for each in path.absolute().parents if each.exists()).is_dir():
            raise ValueError(
                f"{name} leads through a file, as if it were a folder; check the path. "
                f"Received: {value}"
            )
        if not is_new and not path.exists():
            raise FileNotFoundError(
                f"There is no such {self._what}; check the path. Received: {value}"
            )
        return str(path)


def path_of(kind: str, what: str = "") -> Callable[..., Action]:
    """The action of an argument that is a path, so that a wrong one is refused at once.

    Args:
        kind: "file", "folder" or "file or folder", which must exist; "new file" or "new folder",
            which may be made.
        what: what an existing path is, for the message.
    """
    return partial(_PathAction, kind=kind, what=what)


# Their functions add themselves to the parser above.
from siamese_lib.commands import deployment, experiments, own_pictures, scoring  # noqa: E402, F401
