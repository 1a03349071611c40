"""The commands for people; each imports what it needs and nothing more."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from pathlib import Path

from metaxl.experiment.layout import RAW

Command = Callable[[argparse.Namespace], None]
log = logging.getLogger("metaxl")


def add_commands(command: Callable[[Command, str], argparse.ArgumentParser]) -> None:
    """Add these commands to the parser; `command` adds one by its function and its help."""
    sub = command(check, "say what an experiment has, lacks and weighs, before anything starts")
    sub.add_argument("--preset", help="in place of the one that config.yaml names")
    sub.add_argument("--configfile", type=Path, nargs="*", default=[], help="laid over config.yaml, as in Snakemake")

    sub = command(lock, "replace what the lock holds by what is downloaded now; needs the network")
    sub.add_argument("names", nargs="*", help="below results/raw/, or encoders/<hub id>@<commit>; default: all locked")
    sub.add_argument("--raw", type=Path, default=RAW, help="folder of the downloaded corpora")


def check(options: argparse.Namespace) -> None:
    """Print what is here and what is not; fail where something is missing that cannot come."""
    from metaxl.experiment.load import read_configuration
    from metaxl.planning.inventory import describe, find_needs, require_network
    from metaxl.planning.plans import Plans

    plan = Plans(read_configuration(options.preset, options.configfile)).active
    plan.check()
    needs = find_needs(plan.data.downloads(), [(plan, name) for name in plan.encoders.of_hub()])
    print(describe(plan, needs))  # noqa: T201  # the answer, not a log
    require_network(needs, listed=True)


def lock(options: argparse.Namespace) -> None:
    """Move the lock on purpose."""
    from metaxl.downloads.lock import lockable
    from metaxl.downloads.update import update_lock

    names = options.names or lockable()
    for name in names:
        update_lock(name, options.raw)
    log.info("%d updated", len(names))
