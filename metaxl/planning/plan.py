"""What each rule of the workflow needs: paths and parameters as functions of the configuration.

The rules hold no logic; they ask here. Pure Python without torch, so that a dry run is quick.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from metaxl.encoder.open import PACKED, WRAPPED, network_module
from metaxl.errors import ConfigError
from metaxl.experiment import layout
from metaxl.experiment.cell import NO_SOURCE, Cell
from metaxl.experiment.config import Config
from metaxl.experiment.grid import figure_cells, tables
from metaxl.experiment.groups import FIGURE_READER, cell_groups, groups_of, table_reader
from metaxl.experiment.layout import ENCODER_FILES, PREDICTIONS, SCORES, VECTORS, cell_file
from metaxl.experiment.neutral import cell_spec
from metaxl.experiment.pairs import compared_cells
from metaxl.experiment.schema import read_yaml
from metaxl.experiment.slug import MethodSlug
from metaxl.experiment.spec import training_digest
from metaxl.files import canonical_json, sha256_text
from metaxl.planning.data import DataPlan
from metaxl.planning.encoders import EncoderPlan
from metaxl.reporting.data.parts import report_spec
from metaxl.tasks import SPLITS


@dataclass(frozen=True, slots=True)
class Plan:
    """The workflow of one configuration; every path is relative to the project's root."""

    config: Config
    effective: dict[str, Any]

    @property
    def data(self) -> DataPlan:
        """Return what the rules of the data need."""
        return DataPlan(self.config)

    @property
    def encoders(self) -> EncoderPlan:
        """Return what the rule of the encoders needs."""
        return EncoderPlan(self.config)

    @property
    def config_json(self) -> str:
        """Return the content of config.json."""
        return _indented(self.effective)

    def asked(self, part: str) -> str:
        """Return as JSON what a rule is asked that is too long for a command line.

        Args:
            part: "cells", for the groups of cells to gather; "data", for the data report; "encoder-<name>".

        Raises:
            ConfigError: there is no such part.
        """
        kind, _, encoder = part.partition("-")
        if kind == "encoder":
            return _indented(self.encoders.spec(encoder))
        if part == "cells":
            return _indented({name: [asdict(cell) for cell in cells] for name, cells in self.groups().items()})
        if part == "data":
            return _indented(report_spec(self.config).to_dict())
        raise ConfigError(f"{self.path(layout.ASKED, part=part)}: expected cells, data or encoder-<name>.")

    def path(self, pattern: str, **wildcards: object) -> Path:
        """Return the path of a file of this experiment."""
        return layout.root(self.config.name) / layout.fill(pattern, **wildcards)

    def check(self) -> None:
        """Look for the user's files and encoder folders, and for languages that the demo's encoder cannot know.

        Raises:
            ConfigError: a pre-trained encoder is to read languages that are not synthetic, or an encoder's folder
                lacks a file.
            DataError: a folder lacks a split, or has two files of one.
        """
        self.encoders.check()
        self.data.check()

    def encoder_files(self, encoder: str) -> list[Path]:
        """Return the files of a prepared encoder."""
        return [self.path(layout.ENCODER, encoder=encoder, file=name) for name in ENCODER_FILES]

    def encoded_target(self, encoder: str, task: str, language: str) -> list[Path]:
        """Return the encoded train, dev and test files of a target."""
        address = {"encoder": encoder, "task": task, "language": language}
        return [self.path(layout.ENCODED_TARGET, **address, split=split) for split in SPLITS]

    def encoded_source(self, encoder: str, task: str, language: str) -> Path:
        """Return the encoded file of a source language's drawn examples."""
        size = self.config.task(task).source_size
        return self.path(layout.ENCODED_SOURCE, encoder=encoder, task=task, language=language, size=size)

    def target_lengths(self, task: str) -> list[int]:
        """Return how many subwords are kept of an example of train, dev and test."""
        training = self.config.task(task).training
        return [training.max_length, training.eval_max_length, training.eval_max_length]

    def source_length(self, task: str) -> int:
        """Return how many subwords are kept of a source example."""
        return self.config.task(task).training.max_length

    def cell_inputs(self, cell: Cell) -> dict[str, list[Path]]:
        """Return the encoded data that a cell is trained from.

        Raises:
            ConfigError: the cell's path names a method, task, encoder or language that does not fit.
        """
        method = MethodSlug.parse(cell.method).method
        self.encoders.find(cell.encoder)
        if method.needs_source == (cell.source == NO_SOURCE):
            expected = "a source language" if method.needs_source else f"the source `{NO_SOURCE}`"
            raise ConfigError(f"{cell.path}: method {cell.method} takes {expected}, not {cell.source!r}.")
        for language in (cell.target, cell.source) if method.needs_source else (cell.target,):
            self.config.corpus(cell.task, language)
        source = [self.encoded_source(cell.encoder, cell.task, cell.source)] if method.needs_source else []
        return {"target": self.encoded_target(cell.encoder, cell.task, cell.target), "source": source}

    def cell_spec(self, cell: Cell) -> str:
        """Return a cell's settings as JSON; what its method does not use is neutral, so that it reruns nothing."""
        return cell_spec(self.config, cell).to_json()

    def cell_code(self, cell: Cell) -> str:
        """Return the digest of the code that trains a cell."""
        return training_digest(cell_spec(self.config, cell).recipe, *self._networks(cell.encoder))

    def _networks(self, encoder: str) -> list[str]:
        """Return the module that serves an encoder, or all that may, while an encoder of the hub is not known."""
        spec = self.encoders.find(encoder)
        if "pretrain" in spec:
            return [PACKED]
        return [network_module(Path(spec["folder"]))] if "folder" in spec else [PACKED, WRAPPED]

    def groups(self) -> dict[str, list[Cell]]:
        """Return the cells of the tables and of the figure by group, each cell once."""
        return cell_groups(self.config)

    def group_files(self, reader: str | None = None) -> list[Path]:
        """Return the gathered scores that a table or the figure reads, or all of them."""
        names = groups_of(self.config, reader) if reader else self.groups()
        return [self.path(layout.GROUP, group=name) for name in names]

    def group_inputs(self, group: str) -> list[Path]:
        """Return the records of a group's cells.

        Raises:
            ConfigError: no cells are read by exactly these tables and figures.
        """
        known = self.groups()
        if group not in known:
            raise ConfigError(f"{self.path(layout.GROUP, group=group)}: no such group; there are {', '.join(known)}.")
        return self._cell_files(known[group], SCORES, PREDICTIONS)

    def compared_inputs(self) -> list[Path]:
        """Return the predictions of the cells that the paired tests compare."""
        return self._cell_files(compared_cells(self.config), PREDICTIONS)

    def table_inputs(self, number: int) -> list[Path]:
        """Return the gathered scores that a table shows.

        Raises:
            ConfigError: the configuration's tasks do not give the table.
        """
        known = [table.number for table in tables(self.config)]
        if number not in known:
            raise ConfigError(f"Table {number} is not among this configuration's tables: {', '.join(map(str, known))}.")
        return self.group_files(table_reader(number))

    def table_files(self, number: int | None = None) -> list[Path]:
        """Return the renderings of one table, or of all; none for a table that the tasks do not give."""
        numbers = [table.number for table in tables(self.config) if number in (None, table.number)]
        return [self.path(layout.TABLE, number=n, suffix=suffix) for n in numbers for suffix in layout.TABLE_FORMATS]

    def figure_inputs(self) -> dict[str, list[Path]]:
        """Return the gathered scores and the vectors that Figure 1 shows.

        Raises:
            ConfigError: the configuration has no figure.
        """
        if self.config.figure is None:
            raise ConfigError("figure: this configuration has none; see its keys in the schema.")
        vectors = self._cell_files(figure_cells(self.config), VECTORS)
        return {"scores": self.group_files(FIGURE_READER), "vectors": vectors}

    def figure_files(self) -> list[Path]:
        """Return the figure's files, none if the configuration has no figure."""
        return [self.path(layout.FIGURE, suffix=suffix) for suffix in layout.FIGURE_FORMATS if self.config.figure]

    def report_inputs(self) -> dict[str, list[Path]]:
        """Return what the data report reads but for tokenizers: data, plain and encoded, and encoders' checksums."""
        spec = report_spec(self.config)
        files = {
            "data": spec.files(),
            "checksums": [layout.fill(layout.CHECKSUMS, encoder=encoder) for encoder in spec.encoders],
        }
        root = layout.root(self.config.name)
        return {kind: [root / path for path in paths] for kind, paths in files.items()}

    def report_tokenizers(self) -> list[Path]:
        """Return the tokenizers that the data report reads."""
        names = report_spec(self.config).encoders
        return [self.path(layout.ENCODER, encoder=name, file="tokenizer.json") for name in names]

    def _cell_files(self, cells: list[Cell], *names: str) -> list[Path]:
        root = layout.root(self.config.name)
        return [root / cell_file(cell, name) for cell in cells for name in names]


def content_digest(path: Path) -> str:
    """Return a digest of what a YAML file says; where it lies, its comments and its layout do not count."""
    return sha256_text(canonical_json(read_yaml(path)))[:16]


def _indented(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
