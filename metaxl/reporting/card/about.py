"""What a kept model's card is about: its cell, its data and encoder, and whom to thank for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from metaxl.data.encode import Encoded
from metaxl.downloads.registry import find_corpus
from metaxl.experiment.cell import NO_SOURCE, Cell
from metaxl.experiment.folds import split_code
from metaxl.experiment.slug import parse_slug
from metaxl.experiment.spec import CellSpec
from metaxl.files import read_json
from metaxl.reporting.data.credits import Credit, credits_of
from metaxl.reporting.data.files import DataFile, ReportSpec
from metaxl.reporting.paper import name_of_code
from metaxl.tasks import LabelSet, Task, find_task

SYNTHETIC = "synthetic"
OWN = (SYNTHETIC, "files")  # readers of what the registry does not have


@dataclass(frozen=True, slots=True)
class About:
    """What a card says of a model besides its scores.

    Attributes:
        spec: of its cell.
        files: of its target and source, as far as the experiment lists them.
        encoder: what its encoder is made of: {hub, revision}, {folder} or {pretrain}; empty where nobody knows.
        sizes: how many examples it was trained on and scored with, by role.
        notes: what the record of a kept model says besides.
    """

    spec: CellSpec
    files: tuple[DataFile, ...]
    encoder: dict[str, Any]
    sizes: dict[str, int]
    notes: tuple[str, ...]

    @property
    def cell(self) -> Cell:
        """Return its cell."""
        return self.spec.cell

    @property
    def task(self) -> Task:
        """Return its task."""
        return find_task(self.cell.task)

    @property
    def labels(self) -> LabelSet:
        """Return its classes."""
        return self.spec.labels

    @property
    def target(self) -> str:
        """Return the code of its target, of which a fold is a part."""
        return split_code(self.cell.target)[0]

    @property
    def fold(self) -> int:
        """Return the fold of the target that it is of; 0 for none."""
        return split_code(self.cell.target)[1]

    @property
    def source(self) -> str:
        """Return the code of its source; empty for none."""
        return "" if self.cell.source == NO_SOURCE else self.cell.source

    @property
    def method(self) -> str:
        """Return its method as a table calls it, with the layers of its RTNs and its variant."""
        slug = parse_slug(self.cell.method)
        layers = f" after layer {' and '.join(map(str, slug.placement))}" if slug.placement else ""
        label = slug.method.label.replace("JT", "joint training")
        return f"{label}{layers}{f', variant {slug.variant}' if slug.variant else ''}"

    @property
    def learns_target(self) -> bool:
        """Tell whether it was trained on sentences of its target."""
        return any(part != "source" for batch in self.spec.recipe.takes for part in batch.split("+"))

    @property
    def is_synthetic(self) -> bool:
        """Tell whether its target is invented."""
        return SYNTHETIC in self.corpora

    @property
    def corpora(self) -> list[str]:
        """Return the readers of its target's data."""
        return sorted({file.corpus for file in self.files if file.language == self.target})

    @property
    def hub_ids(self) -> list[str]:
        """Return the hub's names of the data sets of target and source, the target's first."""
        read = dict.fromkeys([*self.corpora, *(file.corpus for file in self.files)])
        found = [find_corpus(name) for name in read if name not in OWN]
        return [corpus.repo for corpus in found if corpus.kind == "hub"]

    def name(self, code: str) -> str | None:
        """Return a language's name; None where it is invented or not known."""
        return None if self.is_synthetic else name_of_code(code)

    def language(self, code: str) -> str:
        """Return a language's name, or else its code."""
        return self.name(code) or code

    def credits(self) -> list[Credit]:
        """Return whom to thank; where a user's own files lie is nobody's concern."""
        spec = ReportSpec(self.files, {self.cell.encoder: self.encoder} if self.encoder else {})
        found = credits_of(spec)
        return [
            {key: text for key, text in credit.items() if key != "where" or not credit["title"].startswith("your own")}
            for credit in found
        ]


def about_model(spec: CellSpec, files: dict[str, Path], model: Path, record: str, reported: Path) -> About:
    """Gather what a card says.

    Args:
        spec: of the model's cell.
        files: its encoded data by role.
        model: its folder.
        record: the name of its record in there.
        reported: what the experiment's data report is about, as JSON.

    Raises:
        DataError: a file is missing or damaged.
    """
    cell, known = spec.cell, ReportSpec.from_dict(read_json(reported))
    places = {(cell.target, "train"), (cell.target, "dev"), (cell.target, "test"), (cell.source, "source")}
    own = [file for file in known.files if file.task == cell.task and (file.language, file.part) in places]
    return About(
        spec=spec,
        files=tuple(replace(file, language=split_code(file.language)[0]) for file in own),
        encoder=known.encoders.get(cell.encoder, {}),
        sizes={role: len(Encoded.load(path)) for role, path in files.items()},
        notes=tuple(read_json(model / record).get("notes", [])),
    )
