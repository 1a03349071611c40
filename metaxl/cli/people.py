"""The commands for people; each imports what it needs and nothing more.

A function's parameters are its command's arguments, and its docstring is its help.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from metaxl.errors import ConfigError, DownloadError
from metaxl.experiment.layout import RAW

log = logging.getLogger("metaxl")


def check(*, preset: str | None = None, configfile: Sequence[Path] = ()) -> None:
    """Open what an experiment has, say what it lacks and weighs, and list every fault, before anything starts."""
    from metaxl.experiment.load import read_configuration
    from metaxl.planning.findings import Fault, find_faults, find_notes, told
    from metaxl.planning.inventory import describe, find_resources, require_network
    from metaxl.planning.plans import Plans
    from metaxl.planning.review import data_table

    plan = Plans(read_configuration(preset, configfile)).active
    faults = find_faults(plan.config)
    parts = []
    if not any(fault.kind == "languages" for fault in faults):  # else nobody knows where the data come from
        parts += [data_table(plan.config), "\n".join(f"note: {note}" for note in find_notes(plan.config))]
        resources = find_resources(plan.data.downloads(), [(plan, name) for name in plan.encoders.used()])
        parts.append(describe(plan, resources))
        try:
            require_network(resources, listed=True)
        except DownloadError as error:
            faults.append(Fault("downloads", str(error)))
    print("\n\n".join(filter(None, [*parts, told(faults) if faults else ""])), flush=True)  # noqa: T201  # the answer
    if faults:
        raise ConfigError(f"The experiment {plan.config.name!r} cannot run before what is listed above is mended.")


def lock(names: Sequence[str] = (), *, raw: Path = RAW) -> None:
    """Replace what the lock holds by what is downloaded now; needs the network."""
    from metaxl.downloads.lock import lockable
    from metaxl.downloads.update import update_lock

    chosen = names or lockable()
    for name in chosen:
        update_lock(name, raw)
    log.info("%d updated", len(chosen))


COMMANDS = (check, lock)
