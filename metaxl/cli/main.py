"""The entry point: a command is a function of `people` or `rules`; an error of the user's ends without a traceback."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from metaxl.cli import people
from metaxl.cli.faults import MACHINE, explain_fault
from metaxl.cli.parser import make_parser
from metaxl.errors import OF_MACHINE, MetaXLError, without_credentials

log = logging.getLogger("metaxl")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; an error of the user's, or a fault of the machine, ends with one sentence.

    docs/commands.md lists the exit codes.
    """
    options = vars(make_parser().parse_args(arguments))
    run, debug = options.pop("command"), options.pop("debug")
    _log_to_screen()
    try:
        run(**options)
        sys.stdout.flush()
    except BrokenPipeError:  # nobody reads on, as after `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left to be flushed at the end
        return 128 + signal.SIGPIPE
    except KeyboardInterrupt:
        if debug or run not in people.COMMANDS:
            raise
        return 128 + signal.SIGINT
    except MetaXLError as error:
        if debug:
            raise
        log.error("%s", error)
        return error.exit_code
    except MACHINE as error:
        said = explain_fault(error)
        if debug or said is None:
            raise
        log.error("%s", said)
        return OF_MACHINE
    return 0


def _log_to_screen() -> None:
    """Show this package's progress and other libraries' warnings; no record of either holds a password of a url."""
    logging.setLogRecordFactory(_clean_record)
    screen = logging.StreamHandler(sys.stderr)
    screen.setLevel(logging.INFO)  # even where a library has set its own logger to tell more
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[screen])
    log.setLevel(logging.INFO)


def _clean_record(*args: Any, **facts: Any) -> logging.LogRecord:
    record = logging.LogRecord(*args, **facts)
    record.msg, record.args = without_credentials(record.getMessage()), None
    return record
