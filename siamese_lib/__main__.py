"""The command line: `python -m siamese_lib COMMAND --help`. The commands are in `commands`.

Exit codes: 0 success, 1 a notebook of the report or a run of a sweep failed, 2 the user's input
cannot be used, 130 stopped by the user.
"""

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from typing import Any

from siamese_lib.commands import PARSER
from siamese_lib.utils.text import error_sentence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""

    def run() -> None:
        options = PARSER.parse_args(arguments)  # paths are checked here
        _check_not_empty(options)
        options.command(options)

    return exit_code(run)


def exit_code(work: Callable[[], Any]) -> int:
    """Calls `work`; an error that the user can correct is printed as one sentence."""
    try:
        work()
    except BrokenPipeError:
        # The reader of the output, for example `head`, has closed it; the rest is discarded.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (ValueError, OSError, RuntimeError) as error:
        print(f"siamese_lib: {error_sentence(error)}", file=sys.stderr)
        return 1 if isinstance(error, RuntimeError) else 2
    except KeyboardInterrupt:
        print("Stopped. The same command continues from the last whole epoch.", file=sys.stderr)
        return 130
    return 0


def _check_not_empty(options: Namespace) -> None:
    """Refuses options with nothing in them, as an unset variable of a shell leaves them.

    An empty --data-root or --output means that none is given.
    """
    for name, value in vars(options).items():
        values = value if isinstance(value, list) else [value]
        if "" in values and name not in ("data_root", "output"):
            raise ValueError(
                f"An option or argument is empty; give a value or leave it out. Received: {name} ''"
            )


if __name__ == "__main__":
    sys.exit(main())
