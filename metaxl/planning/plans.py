"""The plan of the active configuration, and the plans of the presets."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from metaxl.errors import ConfigError, did_you_mean
from metaxl.experiment import layout
from metaxl.experiment.cell import Cell
from metaxl.experiment.load import effective_config, load_config
from metaxl.experiment.schema import WORKFLOW, read_yaml
from metaxl.planning.asked import parts
from metaxl.planning.plan import Plan
from metaxl.planning.staged import stage

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
        self._contents: dict[tuple[str, str], str] = {}
        self._of_preset = cache(self._planned)

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

    def pretrained(self) -> list[str]:
        """Return the names of the encoders that are pre-trained, of the presets whose cells may be asked for too.

        Where a name stands for different encoders, the active configuration's counts.
        """
        presets = (
            [] if "name" in self.raw else [read_yaml(path) for path in sorted((WORKFLOW / "presets").glob("*.yaml"))]
        )
        found: dict[str, dict[str, Any]] = {}
        for encoders in (*(preset["encoders"] for preset in presets), self.active.config.encoders):
            found |= encoders
        return [name for name, spec in found.items() if "pretrain" in spec]

    def _planned(self, preset: str) -> Plan:
        plan = _plan({**self.raw, "preset": preset})
        self.stage(plan)
        return plan

    def stage(self, plan: Plan) -> None:
        """Stage all that a plan's rules are to place: Snakemake sees no file that comes while it looks at a folder.

        Raises:
            DataError: a file of the user cannot be read.
        """
        for part in parts(plan):
            self._place(plan, part)
        for task, _, language, split in plan.data.splits():
            plan.data.staged(task.name, language, split)

    def staged(self, name: str, part: str) -> Path:
        """Return the file that rule `configuration` is to place, newer than what lies there if that is another.

        Raises:
            ConfigError: there is no such experiment or part.
        """
        return self._place(self[name], part)

    def _place(self, plan: Plan, part: str) -> Path:
        address = plan.config.name, part
        if address not in self._contents:
            self._contents[address] = plan.content(part)
        content, path = self._contents[address], plan.path(layout.WRITTEN, part=part)
        return stage(path, content, path.is_file() and path.read_text(encoding="utf-8") == content)


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
