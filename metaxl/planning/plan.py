"""What each rule of the workflow needs: paths and parameters as functions of the configuration.

The rules hold no logic; they ask here. Pure Python without torch, so that a dry run is quick.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from metaxl.data.corpora import user_files
from metaxl.data.read import reader_module
from metaxl.downloads.registry import raw_files, raw_folder
from metaxl.encoder.open import PACKED, WRAPPED, model_type, network_module
from metaxl.errors import ConfigError, did_you_mean
from metaxl.experiment.cell import Cell
from metaxl.experiment.config import Config, TaskSettings
from metaxl.experiment.grid import all_cells, figure_cells, find_table, table_cells, tables
from metaxl.experiment.load import effective_config, load_config
from metaxl.experiment.neutral import cell_spec
from metaxl.experiment.schema import WORKFLOW
from metaxl.experiment.slug import MethodSlug
from metaxl.experiment.spec import training_digest
from metaxl.files import canonical_json
from metaxl.provenance import digest
from metaxl.reporting.data.parts import report_spec
from metaxl.tasks import SPLITS

TABLE_FORMATS = ("csv", "md", "tex", "txt")
ENCODER_FILES = ("config.json", "model.safetensors", "tokenizer.json")


@dataclass(frozen=True, slots=True)
class Plan:
    """The workflow of one configuration; every path is relative to the project's root."""

    config: Config
    effective: dict[str, Any]

    @property
    def config_json(self) -> str:
        """Return the effective configuration as JSON."""
        return canonical_json(self.effective)

    @property
    def root(self) -> Path:
        """Return the folder of this experiment's results."""
        return Path("results", self.config.name)

    def check(self) -> None:
        """Look for the user's files and encoder folders, and for languages that the demo's encoder cannot know.

        Raises:
            ConfigError: a pre-trained encoder is to read languages that are not synthetic, or an encoder's folder
                lacks a file.
            DataError: a folder lacks a split, or has two files of one.
        """
        for name in self._used_encoders():
            missing = [path for path in self.encoder_inputs(name) if not path.is_file()]
            if missing:
                raise ConfigError(
                    f"encoders.{name}.folder: {', '.join(map(str, missing))} missing; an encoder folder holds "
                    f"{', '.join(ENCODER_FILES)}."
                )
        for task in self.config.tasks:
            for language, splits in self._splits(task).items():
                if self.config.corpus(task.name, language) == "files":
                    for split in splits:
                        user_files.find(self._folder(task.name, language), split)
                    self._refuse_pretraining(task, language)

    def _refuse_pretraining(self, task: TaskSettings, language: str) -> None:
        if "pretrain" in self._known_encoder(task.encoder):
            raise ConfigError(
                f"{task.name}.encoder: {task.encoder!r} is pre-trained on synthetic languages and knows nothing of "
                f"{language!r}, whose files you bring. Name an encoder under encoders, {{hub, revision}} or {{folder}}."
            )

    def data(self, task: str, language: str, split: str) -> Path:
        """Return the path of one split of a language."""
        return self.root / "data" / task / language / f"{split}.jsonl"

    def data_inputs(self, task: str, language: str, split: str) -> list[Path]:
        """Return the files that a split is read from: the user's, downloaded ones, or none for synthetic data."""
        corpus = self.config.corpus(task, language)
        if corpus == "files":
            return [user_files.find(self._folder(task, language), split)]
        if corpus == "synthetic":
            return []
        return [Path("results/raw", path) for path in raw_files(corpus, language, split)]

    def data_options(self, task: str, language: str, split: str) -> list[str]:
        """Return the options of `metaxl data` for one split of a language."""
        corpus = self.config.corpus(task, language)
        options = ["--corpus", corpus, "--task", task, "--language", language, "--split", split]
        if corpus == "synthetic":
            targets = {target.language for target in self.config.task(task).targets}
            is_source = split == "train" and language not in targets
            size = self.config.synthetic["source_pool" if is_source else "target_size"]
            return [*options, "--size", str(size), "--seed", str(self.config.data_seed)]
        if corpus == "sentipers":
            options += ["--unlabelled", self.config.sentipers]
            options += ["--seed", str(self.config.data_seed)] if self.config.sentipers == "refill" else []
        return [*options, "--folder", str(self._folder(task, language))]

    def downloads(self) -> list[str]:
        """Return the paths beneath results/raw/ of every file that the experiment downloads, each once."""
        paths = [
            path
            for task in self.config.tasks
            for language, splits in self._splits(task).items()
            if (corpus := self.config.corpus(task.name, language)) not in ("files", "synthetic")
            for split in splits
            for path in raw_files(corpus, language, split)
        ]
        return list(dict.fromkeys(paths))

    def hub_encoders(self) -> list[str]:
        """Return the encoders in use that come from the hub."""
        return [name for name in self._used_encoders() if "hub" in self._known_encoder(name)]

    def source(self, task: str, language: str) -> Path:
        """Return the path of a source language's drawn examples."""
        size = self.config.task(task).source_size
        return self.root / "sources" / task / f"{language}-{size}.jsonl"

    def encoder_inputs(self, encoder: str) -> list[Path]:
        """Return the files of a user's encoder folder; none for encoders that are downloaded or pre-trained."""
        folder = self.config.encoders[encoder].get("folder")
        return [Path(folder, name) for name in ENCODER_FILES] if folder else []

    def encoder_spec(self, encoder: str) -> str:
        """Return what an encoder is made of, as JSON; a pre-trained one also says on which languages."""
        spec: dict[str, Any] = dict(self._known_encoder(encoder))
        if "pretrain" in spec:
            sources = {source for task in self.config.tasks for source in task.sources()}
            targets = {target.language for task in self.config.tasks for target in task.targets} - sources
            spec |= {"sources": sorted(sources), "targets": sorted(targets), "seed": self.config.data_seed}
        return canonical_json(spec)

    def encoder_files(self, encoder: str) -> list[Path]:
        """Return the files of a prepared encoder."""
        return [self.root / "encoders" / encoder / name for name in ENCODER_FILES]

    def encoded_target(self, encoder: str, task: str, language: str) -> list[Path]:
        """Return the encoded train, dev and test files of a target."""
        folder = self.root / "encoded" / encoder / task / language
        return [folder / f"{split}.npz" for split in SPLITS]

    def encoded_source(self, encoder: str, task: str, language: str) -> Path:
        """Return the encoded file of a source language's drawn examples."""
        return self.root / "encoded" / encoder / task / f"{self.source(task, language).stem}.npz"

    def cell_inputs(self, cell: Cell) -> dict[str, list[Path]]:
        """Return what a cell is trained from.

        Raises:
            ConfigError: the cell's path names a method, task, encoder or language that does not fit.
        """
        method = MethodSlug.parse(cell.method).method
        self._known_encoder(cell.encoder)
        if method.needs_source == (cell.source == "none"):
            expected = "a source language" if method.needs_source else "the source `none`"
            raise ConfigError(f"{cell.path}: method {cell.method} takes {expected}, not {cell.source!r}.")
        for language in (cell.target, cell.source) if method.needs_source else (cell.target,):
            self.config.corpus(cell.task, language)
        source = [self.encoded_source(cell.encoder, cell.task, cell.source)] if method.needs_source else []
        return {
            "encoder": self.encoder_files(cell.encoder),
            "target": self.encoded_target(cell.encoder, cell.task, cell.target),
            "source": source,
        }

    def cell_spec(self, cell: Cell) -> str:
        """Return a cell's settings as JSON; what its method does not use is neutral, so that it reruns nothing."""
        return cell_spec(self.config, cell).to_json()

    def cell_code(self, cell: Cell) -> str:
        """Return the digest of the code that trains a cell."""
        return training_digest(cell_spec(self.config, cell).recipe, *self._networks(cell.encoder))

    def _networks(self, encoder: str) -> list[str]:
        """Return the module that serves an encoder, or all that may, while an encoder of the hub is not known."""
        spec = self._known_encoder(encoder)
        if "pretrain" in spec:
            return [PACKED]
        return [network_module(model_type(Path(spec["folder"])))] if "folder" in spec else [PACKED, WRAPPED]

    def table_inputs(self, number: int) -> list[Path]:
        """Return the records that a table shows."""
        cells = table_cells(self.config, find_table(self.config, number))
        return [self.root / cell.path / name for cell in cells for name in ("scores.json", "predictions.jsonl")]

    def gather_inputs(self) -> list[Path]:
        """Return the records of every table and of the figure."""
        cells = dict.fromkeys([*all_cells(self.config), *figure_cells(self.config)])
        return [self.root / cell.path / name for cell in cells for name in ("scores.json", "predictions.jsonl")]

    def table_files(self, number: int | None = None) -> list[Path]:
        """Return the renderings of one table, or of all; none for a table that the tasks do not give."""
        numbers = [table.number for table in tables(self.config) if number in (None, table.number)]
        return [self.root / "tables" / f"table{n}.{suffix}" for n in numbers for suffix in TABLE_FORMATS]

    def figure_inputs(self) -> list[Path]:
        """Return the records that Figure 1 shows.

        Raises:
            ConfigError: the configuration has no figure.
        """
        if self.config.figure is None:
            raise ConfigError("figure: this configuration has none; see its keys in the schema.")
        names = ("scores.json", "representations.npz")
        return [self.root / cell.path / name for cell in figure_cells(self.config) for name in names]

    def figure_files(self) -> list[Path]:
        """Return the figure's files, none if the configuration has no figure."""
        files = ("figure1.pdf", "figure1.png", "figure1.json") if self.config.figure else ()
        return [self.root / "figures" / name for name in files]

    def path(self, name: str) -> Path:
        """Return the path of a file of this experiment."""
        return self.root / name

    def data_code(self, task: str, language: str) -> str:
        """Return the digest of the code that reads a language's data."""
        return digest("metaxl.data.read") + digest(reader_module(self.config.corpus(task, language)))

    def encoder_code(self, encoder: str) -> str:
        """Return the digest of the code that a pre-trained encoder depends on; other encoders depend on none."""
        return digest("metaxl.demo.encoder") if "pretrain" in self._known_encoder(encoder) else ""

    def report_inputs(self) -> list[Path]:
        """Return what the data report reads: every data file that the experiment uses, encoded ones, tokenizers."""
        return [self.root / path for path in report_spec(self.config).inputs()]

    def report_spec(self) -> str:
        """Return what the data report is about, as JSON; settings that it does not show are no part of it."""
        return report_spec(self.config).to_json()

    def _used_encoders(self) -> list[str]:
        used = [task.encoder for task in self.config.tasks]
        used += [self.config.figure.encoder] if self.config.figure else []
        return list(dict.fromkeys(used))

    def _splits(self, task: TaskSettings) -> dict[str, tuple[str, ...]]:
        """Return the splits that are needed of each language, Figure 1's source among them."""
        figure = self.config.figure
        shown = [figure.source] if figure and figure.task == task.name else []
        return dict.fromkeys([*task.sources(), *shown], SPLITS[:1]) | {t.language: SPLITS for t in task.targets}

    def _folder(self, task: str, language: str) -> Path:
        corpus = self.config.corpus(task, language)
        if corpus == "files":
            return Path(self.config.files[task][language])
        return Path("results/raw", raw_folder(corpus, language))

    def _known_encoder(self, encoder: str) -> dict[str, Any]:
        known = self.config.encoders
        if encoder not in known:
            raise ConfigError(f"encoders: no {encoder!r}, only {', '.join(known)}.{did_you_mean(encoder, known)}")
        return known[encoder]


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


def _plan(raw: dict[str, Any]) -> Plan:
    effective = effective_config(raw)
    return Plan(load_config(effective), effective)
