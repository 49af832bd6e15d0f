"""The command line: `python -m siamese_lib COMMAND --help`. What it parses goes to `commands`.

Exit codes: 0 done, 1 a notebook of the report or a run of a sweep failed, 2 the user's input cannot be used, 130 stopped by the user.
"""

import argparse
import os
import sys

from siamese_lib import commands
from siamese_lib.config import CHOICES
from siamese_lib.utils import machine

RESULTS = machine.project_root() / "results"


def main(arguments=None):
    """Runs one command and returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return options.command(options) or 0
    except BrokenPipeError:
        # Whoever read the output, `head` for example, has enough of it; what is left goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError) as error:
        message = str(error)
        if isinstance(error, OSError) and error.errno:
            # The system's own words say neither what to do nor, in a traceback's place, much to a reader.
            message = f"{error.strerror}; check the path, its permissions and the disk's space. Received: {error.filename or 'no path'}"
        print(f"siamese_lib: {' '.join(message.split())}", file=sys.stderr)
        return 2
    except RuntimeError as error:
        print(f"siamese_lib: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. The same command goes on from the last whole epoch.", file=sys.stderr)
        return 130


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m siamese_lib",
        description="One-shot face verification with Siamese networks.",
    )
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(function):
        command = subparsers.add_parser(
            function.__name__, help=function.__doc__, description=function.__doc__
        )
        command.set_defaults(command=function)
        return command

    _add_experiment_commands(add)
    command = add(commands.evaluate)
    source = command.add_mutually_exclusive_group(required=True)
    source.add_argument("--run", help="folder of a finished run")
    source.add_argument("--model", help="a .keras file with its .json beside it")
    command.add_argument("--pairs", help="a pair list in LFW's format")
    command.add_argument("--data-root", help="folder or archive of the images")
    command.add_argument("--json", help="also writes the numbers to this file")
    command = add(commands.oneshot)
    command.add_argument("--model", required=True, help="a .keras file with its .json beside it")
    command.add_argument(
        "--runs",
        required=True,
        help="folder or zip with run01/class_labels.txt, run01/training/, run01/test/ and so on",
    )
    command.add_argument("--json", help="also writes the numbers to this file")
    _add_photograph_commands(add)
    command = add(commands.sweep)
    command.add_argument("file", help="a sweep's YAML file")
    command.add_argument("--data-root", help="folder or archive of LFW-a")
    command.add_argument("--runs", default="runs", help="where run folders are made, and the table")
    command.add_argument(
        "--engine",
        choices=("local", "ray"),
        default="local",
        help="this machine, or what Ray finds",
    )
    command.add_argument(
        "--workers", type=int, help="local: how many runs at a time; the default is 1"
    )
    command.add_argument(
        "--address",
        help="ray: the address of a cluster; without one, a Ray of its own on this machine",
    )
    command = add(commands.report)
    command.add_argument(
        "--experiment", default="experiments/sample.yaml", help="an experiment's YAML file"
    )
    command.add_argument("--data-root", help="folder or archive of LFW-a")
    command.add_argument("--runs", default="runs", help="where run folders are made")
    command.add_argument("--output", help="the report's folder")
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="replaces a parameter of the notebooks",
    )
    add(commands.leaderboard).add_argument(
        "--results", default=str(RESULTS), help="the folder with the runs of lfwa and omniglot"
    )
    return parser


def _add_experiment_commands(add):
    for function in (commands.prepare, commands.summary, commands.train):
        command = add(function)
        place = (
            command
            if function is commands.summary
            else command.add_mutually_exclusive_group(required=function is commands.train)
        )
        place.add_argument(
            "--config", required=function is commands.summary, help="an experiment's YAML file"
        )
        command.add_argument("--seed", type=int, help="replaces the experiment's seed")
        command.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="KEY=VALUE",
            help="replaces one value of the experiment",
        )
        if function is commands.prepare:
            place.add_argument(
                "--dataset",
                choices=CHOICES["dataset"],
                help="checks every image; the default is the sample",
            )
        if function is commands.summary:
            command.add_argument("--json", action="store_true", help="prints JSON")
        else:
            command.add_argument("--data-root", help="folder or archive of LFW-a")
        if function is commands.train:
            place.add_argument(
                "--run",
                help="goes on with the run in this folder, by the settings in its config.json",
            )
            command.add_argument("--runs", default="runs", help="where run folders are made")
            command.add_argument(
                "--of-sweep",
                action="store_true",
                help="waits for another process at this run; ends with standard input",
            )


def _add_photograph_commands(add):
    model = machine.project_root() / "models" / "lfwa_people.keras"
    for function in (commands.verify, commands.find, commands.alignment):
        command = add(function)
        if function is commands.verify:
            command.add_argument(
                "images",
                nargs=2,
                metavar="IMAGE",
                help="two photographs; their faces are found and aligned",
            )
        if function is commands.find:
            command.add_argument(
                "probe", metavar="IMAGE", help="a photograph; its face is found and aligned"
            )
            command.add_argument("folder", metavar="FOLDER", help="a folder of photographs")
            command.add_argument("--top", type=int, help="prints only so many, the most alike")
        source = command.add_mutually_exclusive_group()
        source.add_argument("--run", help="folder of a finished run")
        source.add_argument(
            "--model",
            default=model,
            help="a .keras file with its .json beside it; by default the project's best network",
        )
        if function is commands.alignment:
            command.add_argument(
                "--config",
                default="experiments/lfwa_people.yaml",
                help="the experiment that the network comes from",
            )
            command.add_argument("--data-root", help="folder or archive of LFW-a")
            command.add_argument(
                "--results", default=str(RESULTS / "lfwa"), help="where alignment.json is written"
            )
        else:
            command.add_argument(
                "--aligned",
                action="store_true",
                help="the images are aligned like the training data; nothing is sought",
            )


if __name__ == "__main__":
    sys.exit(main())
