"""What the workflow counted of the data behind a table, and what it found the encoders to be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metaxl.experiment.cell import NO_SOURCE, Cell
from metaxl.experiment.config import Config
from metaxl.experiment.layout import CHECKSUMS, DATA_FACTS, SOURCE_FACTS, TARGET_FACTS, fill
from metaxl.experiment.slug import parse_slug
from metaxl.files import read_json
from metaxl.tasks import SPLITS, LabelSet

SOURCE_PART = "source"  # what was drawn of a source language
Place = tuple[str, str, str]  # task; code of a language or of a fold; split or `SOURCE_PART`


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the data and encoders of a table or figure.

    Attributes:
        labels: the classes of each task.
        data: what was counted of each data file: examples, labels, entities by type, notes; of a source "train" is
            what its examples were drawn from.
        encoded: what was counted of each encoded file, words lost and notes among it.
        weights: the SHA-256 of the weights of each encoder.
    """

    labels: dict[str, LabelSet]
    data: dict[Place, dict[str, Any]]
    encoded: dict[Place, dict[str, Any]]
    weights: dict[str, str]

    def split(self, config: Config, task: str, language: str, split: str) -> list[dict[str, Any]]:
        """Return what was counted of a target's split, one item a fold."""
        return [self.data[task, code, split] for code in config.codes(task, language)]


def facts_files(config: Config, cells: Iterable[Cell]) -> list[Path]:
    """Return the files of the facts behind trained cells, beneath the folder of the results."""
    places = _places(config, cells)
    weights = [_checksums(cell.encoder) for cell in cells]
    return list(dict.fromkeys([*places[0].values(), *places[1].values(), *weights]))


def load_facts(config: Config, labels: dict[str, LabelSet], cells: Iterable[Cell], root: Path) -> Facts:
    """Read the facts behind trained cells.

    Raises:
        DataError: a file is missing or torn.
    """
    data, encoded = (
        {place: read_json(root / path) for place, path in places.items()} for places in _places(config, cells)
    )
    return Facts(labels, data, encoded, read_weights(root, (cell.encoder for cell in cells)))


def read_weights(root: Path, encoders: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of the weights of each encoder."""
    return {name: str(read_json(root / _checksums(name))["model.safetensors"]) for name in dict.fromkeys(encoders)}


def _checksums(encoder: str) -> Path:
    return fill(CHECKSUMS, encoder=encoder)


def _places(config: Config, cells: Iterable[Cell]) -> tuple[dict[Place, Path], dict[Place, Path]]:
    """Return the facts of the data files and of the encoded files behind cells, by their place."""
    data: dict[Place, Path] = {}
    encoded: dict[Place, Path] = {}
    for cell in cells:
        about = {"encoder": cell.encoder, "task": cell.task}
        for split in SPLITS:
            place = (cell.task, cell.target, split)
            data[place] = fill(DATA_FACTS, **about, language=cell.target, split=split)
            # Of several encoders, as variants may name others, the first is the task's own.
            encoded.setdefault(place, fill(TARGET_FACTS, **about, language=cell.target, split=split))
        if cell.source != NO_SOURCE and not parse_slug(cell.method).variant:
            drawn = {"language": cell.source, "size": config.task(cell.task).source_size}
            data[cell.task, cell.source, SPLITS[0]] = fill(DATA_FACTS, **about, language=cell.source, split=SPLITS[0])
            encoded.setdefault((cell.task, cell.source, SOURCE_PART), fill(SOURCE_FACTS, **about, **drawn))
    return data, encoded
