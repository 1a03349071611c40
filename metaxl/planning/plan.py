"""What each rule of the workflow needs: paths and parameters as functions of the configuration.

The rules hold no logic; they ask here. Pure Python without torch, so that a dry run is quick.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from metaxl.downloads.registry import known_encoder
from metaxl.encoder.open import PACKED, WRAPPED, module_of, network_module
from metaxl.errors import ConfigError
from metaxl.experiment import layout
from metaxl.experiment.cell import NO_SOURCE, Cell
from metaxl.experiment.config import Config
from metaxl.experiment.grid import (
    all_cells,
    cell_groups,
    figure_cells,
    find_table,
    tables,
)
from metaxl.experiment.layout import ENCODER_FILES, HISTORY, PREDICTIONS, SCORES, VECTORS, cell_file
from metaxl.experiment.neutral import cell_spec, recipe_of
from metaxl.experiment.slug import method_slug, parse_slug
from metaxl.experiment.variants import variant_slug
from metaxl.files import canonical_json
from metaxl.planning import asked
from metaxl.planning.code import training_digest
from metaxl.planning.data import DataPlan
from metaxl.planning.encoders import EncoderPlan
from metaxl.planning.findings import find_faults, refuse
from metaxl.planning.labels import label_set
from metaxl.planning.models import ModelPlan
from metaxl.planning.once import once
from metaxl.tasks import SPLITS, LabelSet


@dataclass(frozen=True, slots=True)
class Plan:
    """The workflow of one configuration; every path is relative to the project's root."""

    config: Config
    effective: dict[str, Any]
    known: dict[tuple[Any, ...], Any] = field(default_factory=dict, compare=False)  # the answers so far; see `once`

    @property
    def data(self) -> DataPlan:
        """Return what the rules of the data need."""
        return DataPlan(self.config)

    @property
    def encoders(self) -> EncoderPlan:
        """Return what the rule of the encoders needs."""
        return EncoderPlan(self.config)

    @property
    def models(self) -> ModelPlan:
        """Return what the rules of kept models need."""
        return ModelPlan(self)

    def content(self, part: str) -> str:
        """Return the content of a JSON file that other rules read; see `metaxl.planning.asked`.

        Raises:
            ConfigError: there is no such part.
        """
        return asked.content(self, part)

    def path(self, pattern: str, **wildcards: object) -> Path:
        """Return the path of a file of this experiment."""
        return layout.root(self.config.name) / layout.fill(pattern, **wildcards)

    def check(self) -> None:
        """Look at what can be known before anything runs: the user's data and encoders, sizes, languages and labels.

        Raises:
            ConfigError: with every fault.
        """
        refuse(find_faults(self.config))

    def encoder_files(self, encoder: str) -> list[Path]:
        """Return the files of a prepared encoder."""
        return [self.path(layout.ENCODER, encoder=encoder, file=name) for name in ENCODER_FILES]

    @once
    def labels(self, task: str) -> LabelSet:
        """Return the classes of a task.

        Raises:
            DataError: a file of the user cannot be read.
        """
        return label_set(self.config, task)

    @once
    def groups(self) -> dict[str, list[Cell]]:
        """Return the cells that are gathered together; see `cell_groups`."""
        return cell_groups(self.config)

    @once
    def shown_cells(self) -> dict[tuple[str, str], list[Cell]]:
        """Return the cells of every table by their task and target."""
        found: dict[tuple[str, str], list[Cell]] = {}
        for cell in all_cells(self.config):
            found.setdefault((cell.task, cell.target), []).append(cell)
        return found

    def lengths(self, task: str) -> list[int]:
        """Return how many subwords are kept of an example of train, dev and test; of a source as of train."""
        training = self.config.task(task).training
        return [training.max_length, training.eval_max_length, training.eval_max_length]

    @once
    def cell_inputs(self, cell: Cell) -> dict[str, list[Path]]:
        """Return the encoded data that a cell is trained from.

        Raises:
            ConfigError: the cell's path names a method, task, encoder or language that does not fit.
        """
        method, placement, variant = parse_slug(cell.method)
        if cell.source == cell.target:
            raise ConfigError(f"{cell.path}: {cell.target!r} cannot be its own source.")
        self.encoders.find(cell.encoder)
        if method.needs_source == (cell.source == NO_SOURCE):
            expected = "a source language" if method.needs_source else f"the source `{NO_SOURCE}`"
            raise ConfigError(f"{cell.path}: method {cell.method} takes {expected}, not {cell.source!r}.")
        sources = [cell.source] if method.needs_source else []
        for language in (cell.target, *sources):  # raises for a language without data
            self.data.known_corpus(cell.task, language)
        plain = method_slug(method.name, placement)
        if variant and (slug := variant_slug(self.config, cell.task, plain, variant)) != cell.method:
            raise ConfigError(
                f"{cell.path}: under {variant} nothing differs that this cell reads; ask for the method {slug} instead."
            )
        about = {"encoder": cell.encoder, "task": cell.task}
        size = self.config.varied(variant).task(cell.task).source_size
        return {
            "target": [self.path(layout.ENCODED_TARGET, **about, language=cell.target, split=s) for s in SPLITS],
            "source": [self.path(layout.ENCODED_SOURCE, **about, language=s, size=size) for s in sources],
        }

    def cell_spec(self, cell: Cell) -> str:
        """Return a cell's settings as JSON; what its method does not use is neutral, so that it reruns nothing."""
        return canonical_json(self._spec(cell))

    def _spec(self, cell: Cell) -> dict[str, Any]:
        return {**self._settings(cell.task, cell.method), "cell": asdict(cell)}

    @once
    def _settings(self, task: str, method: str) -> dict[str, Any]:
        """Return what the specs of all cells of a method say, and of one cell, as JSON gives it back."""
        some = Cell("", task, "", "", method, 0)
        return dict(json.loads(cell_spec(self.config, some, self.labels(task)).to_json()))

    @once
    def cell_code(self, cell: Cell) -> str:
        """Return the digest of the code that trains a cell."""
        method = parse_slug(cell.method).method
        return training_digest(recipe_of(method), *self._networks(cell.encoder))

    def cell_data(self, cell: Cell) -> dict[str, Path]:
        """Return the encoded data that a cell is trained from, by role: the splits, and "source" where it has one.

        Raises:
            ConfigError: as `cell_inputs`.
        """
        inputs = self.cell_inputs(cell)
        roles = [*SPLITS, *("source" for _ in inputs["source"])]
        return dict(zip(roles, [*inputs["target"], *inputs["source"]], strict=True))

    @once
    def expected(self, cell: Cell) -> dict[str, Any]:
        """Return what a cell's record must say that it was made of, and where that lies; see `Expected`."""
        method = parse_slug(cell.method).method
        return {
            "cell": asdict(cell),
            "spec": self._spec(cell),
            "codes": [training_digest(recipe_of(method), network) for network in self._networks(cell.encoder)],
            "files": {role: str(path) for role, path in self.cell_data(cell).items()},
            "checksums": str(self.path(layout.CHECKSUMS, encoder=cell.encoder)),
        }

    def _networks(self, encoder: str) -> list[str]:
        """Return the module that serves an encoder; both for one of the hub that the registry does not have."""
        spec = self.encoders.find(encoder)
        if "pretrain" in spec:
            return [PACKED]
        if "folder" in spec:
            return [network_module(Path(spec["folder"]).expanduser())]
        known = known_encoder(spec["hub"])
        return [module_of(known.model_type)] if known else [PACKED, WRAPPED]

    def group_files(self, reader: str = "", pattern: str = layout.GROUP) -> list[Path]:
        """Return what is gathered for "table<number>" or "figure1", or all of it: scores, or by another pattern."""
        names = [name for name in self.groups() if not reader or reader in name.split("+")]
        return [self.path(pattern, group=name) for name in names]

    def group_inputs(self, group: str) -> list[Path]:
        """Return the records of a group's cells.

        Raises:
            ConfigError: no cells are read by exactly these tables and figures.
        """
        known = self.groups()
        if group not in known:
            raise ConfigError(f"{self.path(layout.GROUP, group=group)}: no such group; there are {', '.join(known)}.")
        made_of = [path for cell in known[group] for paths in self.cell_inputs(cell).values() for path in paths]
        encoders = [self.path(layout.CHECKSUMS, encoder=cell.encoder) for cell in known[group]]
        return list(dict.fromkeys([*self.cell_files(known[group], SCORES, PREDICTIONS, HISTORY), *made_of, *encoders]))

    def table_inputs(self, number: int, pattern: str) -> list[Path]:
        """Return what is gathered of the cells that a table shows: `layout.GROUP` or `layout.COUNTS`.

        Raises:
            ConfigError: the configuration's tasks do not give the table.
        """
        return self.group_files(f"table{find_table(self.config, number).number}", pattern)

    def evidence_files(self, *suffixes: str) -> list[Path]:
        """Return the evidence of every table, in these formats."""
        numbers = [table.number for table in tables(self.config)]
        return [self.path(layout.EVIDENCE, number=n, suffix=suffix) for n in numbers for suffix in suffixes]

    def joined_evidence(self) -> list[Path]:
        """Return the evidence of all tables together; none without a table."""
        formats = layout.ALL_EVIDENCE_FORMATS if tables(self.config) else ()
        return [self.path(layout.ALL_EVIDENCE, suffix=suffix) for suffix in formats]

    def table_files(self, number: int | None = None) -> list[Path]:
        """Return the renderings of one table, or of all; none for a table that the tasks do not give."""
        numbers = [table.number for table in tables(self.config) if number in (None, table.number)]
        return [self.path(layout.TABLE, number=n, suffix=suffix) for n in numbers for suffix in layout.TABLE_FORMATS]

    def figure_inputs(self) -> dict[str, list[Path]]:
        """Return the gathered scores and the vectors that Figure 1 shows, and the checksums of its encoder.

        Raises:
            ConfigError: the configuration has no figure.
        """
        if self.config.figure is None:
            raise ConfigError("figure: this configuration has none; see its keys in the schema.")
        vectors = self.cell_files(figure_cells(self.config), VECTORS)
        checksums = [self.path(layout.CHECKSUMS, encoder=self.config.figure.encoder)]
        return {"scores": self.group_files("figure1"), "vectors": vectors, "checksums": checksums}

    def cell_files(self, cells: Iterable[Cell], *names: str) -> list[Path]:
        """Return the files of these names of every cell."""
        root = layout.root(self.config.name)
        return [root / cell_file(cell, name) for cell in cells for name in names]
