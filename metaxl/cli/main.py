"""The entry point: it reads the command line, runs the command and tells an error of the user's without a traceback."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence

from metaxl.cli import people, rules
from metaxl.errors import MetaXLError

log = logging.getLogger("metaxl")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; an error of the user's ends with its message and exit code 1."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        options.run(options)
    except MetaXLError as error:
        if options.debug:
            raise
        log.error("%s", error)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="metaxl", description="The steps of the MetaXL workflow.")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(run: Callable[[argparse.Namespace], None], help_text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(run.__name__, help=help_text, description=help_text)
        sub.set_defaults(run=run)
        return sub

    people.add_commands(command)
    rules.add_commands(command)
    return parser
