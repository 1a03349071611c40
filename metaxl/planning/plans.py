"""The plan of the active configuration, and the plans of the presets."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from metaxl.errors import ConfigError, did_you_mean
from metaxl.experiment import layout
from metaxl.experiment.cell import Cell
from metaxl.experiment.load import effective_config, load_config
from metaxl.experiment.schema import WORKFLOW
from metaxl.files import write_text
from metaxl.planning.plan import Plan

LARGEST_SEED = 2**32 - 1  # as in the schema


class Plans:
    """The plan of the active configuration and, for cells named by their file, of the other presets."""

    def __init__(self, raw: dict[str, Any]) -> None:
        """Load the active configuration from config.yaml's content with overlays.

        Raises:
            ConfigError: the configuration does not fit.
        """
        self.raw = raw
        self.active = _plan(raw)
        self._of_preset = cache(lambda preset: _plan({**raw, "preset": preset}))

    def __getitem__(self, name: str) -> Plan:
        """Return the plan whose results lie under results/<name>/.

        Raises:
            ConfigError: neither the active configuration nor a preset has this name.
        """
        if name == self.active.config.name:
            return self.active
        presets = sorted(path.stem for path in (WORKFLOW / "presets").glob("*.yaml"))
        if name in presets and "name" not in self.raw:
            return self._of_preset(name)
        known = [self.active.config.name, *presets]
        hint = did_you_mean(name, known)
        raise ConfigError(
            f"results/{name}: no experiment of this name; the active one is {self.active.config.name!r}.{hint} "
            "Pass the --configfile that names it."
        )

    def stage(self, jobs: Iterable[tuple[str, Any]]) -> None:
        """Write what the jobs of rule `configuration` are to place: too long for a command line, they copy it.

        (A job of Snakemake's `run:` could write it, but starts a Python whose path must not hold a space.)

        Args:
            jobs: the rule's name and the wildcards of each job that is to run.
        """
        for rule, wildcards in jobs:
            if rule == "configuration":
                plan = self[wildcards.name]
                path = plan.path(layout.WRITTEN, part=wildcards.part)
                write_text(layout.STAGED / path, plan.content(wildcards.part))


def cell_of(wildcards: Any) -> Cell:
    """Return the cell that the wildcards of its path address.

    Raises:
        ConfigError: its seed is not written as the configuration's are, so that a cell would have two paths.
    """
    if wildcards.seed != str(int(wildcards.seed)) or int(wildcards.seed) > LARGEST_SEED:
        raise ConfigError(
            f"seed{wildcards.seed}: a seed is a number from 0 to {LARGEST_SEED} without leading zeros, as in seed11."
        )
    address = (wildcards.encoder, wildcards.task, wildcards.target, wildcards.source, wildcards.method)
    return Cell(*address, int(wildcards.seed))


def _plan(raw: dict[str, Any]) -> Plan:
    effective = effective_config(raw)
    return Plan(load_config(effective), effective)
