"""The commands for people; each imports what it needs and nothing more.

A function's parameters are its command's arguments, and its docstring is its help.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import yaml

from metaxl.experiment.layout import RAW

log = logging.getLogger("metaxl")


def check(*, preset: str | None = None, configfile: Sequence[Path] = ()) -> None:
    """Say what an experiment has, lacks and weighs, before anything starts; fail if something missing cannot come."""
    from metaxl.experiment.load import read_configuration
    from metaxl.planning.inventory import describe, find_resources, require_network
    from metaxl.planning.plans import Plans

    plan = Plans(read_configuration(preset, configfile)).active
    plan.check()
    resources = find_resources(plan.data.downloads(), [(plan, name) for name in plan.encoders.used()])
    print(describe(plan, resources))  # noqa: T201  # the answer, not a log
    require_network(resources, listed=True)


def lock(names: Sequence[str] = (), *, raw: Path = RAW) -> None:
    """Replace what the lock holds by what is downloaded now; needs the network."""
    from metaxl.downloads.lock import lockable
    from metaxl.downloads.update import update_lock

    chosen = names or lockable()
    for name in chosen:
        update_lock(name, raw)
    log.info("%d updated", len(chosen))


def convert(id_or_folder: str, *, revision: str | None = None, out: Path) -> None:
    """Turn pickled weights into safetensors, in a process of their own, and check that MetaXL can train the encoder."""
    from metaxl.encoder.convert import convert_encoder

    convert_encoder(id_or_folder, revision, out)
    lines = {"encoders": {"mine": {"folder": str(out)}}}
    print(yaml.safe_dump(lines, default_flow_style=None, allow_unicode=True, width=1000).strip())  # noqa: T201


COMMANDS = (check, lock)
GROUPS = {"encoder": ("Work on encoders.", (convert,))}  # commands of two words
