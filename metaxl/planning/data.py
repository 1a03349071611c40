"""What the rules of the data need: where each language's splits come from, with which options and code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from metaxl.data.corpora import user_files
from metaxl.data.read import OF_BOTH_TASKS, reader_module
from metaxl.demo.languages.atlas import LANGUAGES
from metaxl.downloads.registry import find_corpus, raw_files, raw_folder
from metaxl.errors import ConfigError
from metaxl.experiment import layout
from metaxl.experiment.config import Config, TaskSettings
from metaxl.experiment.folds import split_code
from metaxl.experiment.layout import RAW, brought
from metaxl.files import canonical_json, read_json
from metaxl.planning.code import digest
from metaxl.planning.remembered import files_of, sha256_of
from metaxl.planning.staged import stage
from metaxl.tasks import SPLITS

LANGUAGE_CODE = re.compile(r"[a-zA-Z]{2,8}([-_][a-zA-Z0-9]+)*")  # as in the schema


@dataclass(frozen=True, slots=True)
class DataPlan:
    """The data of a configuration."""

    config: Config

    def inputs(self, task: str, language: str, split: str) -> list[Path]:
        """Return the files that a split is read from: the user's, downloaded ones, or none for synthetic data."""
        corpus = self.known_corpus(task, language)
        if own := self.config.own_data(task, language):
            found = user_files.find(Path(own.path), split, splits=own.splits, folds=own.folds)
            return list(map(brought, user_files.shards(found)))
        return [] if corpus == "synthetic" else [RAW / path for path in raw_files(corpus, language, split)]

    def own_inputs(self, task: str, language: str, split: str) -> list[Path]:
        """Return the user's files among them; their times do not count, for copies lose them, but `staged` does."""
        return self.inputs(task, language, split) if self.config.own_data(task, language) else []

    def downloaded(self, task: str, language: str, split: str) -> list[Path]:
        """Return the downloaded files among them."""
        return [] if self.config.own_data(task, language) else self.inputs(task, language, split)

    def staged(self, task: str, language: str, split: str) -> Path:
        """Return the file that says what a split is made of, newer than the split if that is made of something else."""
        made_of, facts = self._made_of(task, language, split), self._facts(task, language, split)
        same = facts.is_file() and read_json(facts).get("made_of") == made_of
        return stage(facts, json.dumps(made_of, indent=2, ensure_ascii=False) + "\n", same)

    def has_changed(self, task: str, language: str, split: str) -> bool:
        """Tell whether a split of the user's own data was read from other files than are there now.

        Raises:
            ConfigError: the language has no data.
            DataError: its files cannot be read any more.
        """
        facts = self._facts(task, language, split)
        if not self.config.own_data(task, language) or not facts.is_file():
            return False
        return bool(read_json(facts).get("made_of") != self._made_of(task, language, split))

    def _made_of(self, task: str, language: str, split: str) -> dict[str, Any]:
        """Return how a split is read, and the SHA-256 of the user's files among what it is read from."""
        files = files_of(self.own_inputs(task, language, split))
        return {"options": self.options(task, language, split), "files": {str(f): sha256_of(f) for f in files}}

    def _facts(self, task: str, language: str, split: str) -> Path:
        address = {"task": task, "language": language, "split": split}
        return layout.root(self.config.name) / layout.fill(layout.DATA_FACTS, **address)

    def options(self, task: str, language: str, split: str) -> list[str]:
        """Return the options of `metaxl data` for one split of a language."""
        corpus = self.config.corpus(task, language)
        named = split_code(language)[0] if corpus == "files" else language
        options = ["--corpus", corpus, "--task", task, "--language", named, "--split", split]
        if corpus == "synthetic":
            size = self.made(task, language, split)
            return [*options, "--size", str(size), "--seed", str(self.config.data_seed)]
        options += [part for key, value in self.filling(corpus).items() for part in (f"--{key}", str(value))]
        reading = self.reading(task, language, split)
        options += ["--reading", canonical_json(reading)] if reading else []
        return [*options, "--folder", str(self.folder(task, language))]

    def made(self, task: str, language: str, split: str) -> int:
        """Return how many examples are made of one split of a synthetic language."""
        settings, made = self.config.task(task), self.config.synthetic
        is_target = any(target.language == language for target in settings.targets)
        if split == "train" and not is_target:
            return made["source_pool"]
        return settings.target_sizes.get(split, made["test_size" if split == "test" else "target_size"])

    def filling(self, corpus: str) -> dict[str, Any]:
        """Return what becomes of a corpus's entries without a label."""
        if corpus != "sentipers":
            return {}
        seed = {"seed": self.config.data_seed} if self.config.sentipers == "refill" else {}
        return {"unlabelled": self.config.sentipers} | seed

    def known_corpus(self, task: str, code: str) -> str:
        """Return the reader of a language's data, as `Config.corpus` does, of a language that it can have.

        Raises:
            ConfigError: the corpus has no such language, or nothing is a language's code that is like this.
        """
        corpus = self.config.corpus(task, code)
        if not LANGUAGE_CODE.fullmatch(code):
            raise ConfigError(f"{task}: {code!r} is no language's code: two to eight letters, with subtags or none.")
        language, fold = split_code(code)
        if fold and corpus != "files" and language in self.config.files[task]:
            folds = self.config.folds(task, language)
            raise ConfigError(f"{task}: no {code!r}; files.{task}.{language} has {folds} folds.")
        if corpus == "synthetic" and code not in LANGUAGES:
            raise ConfigError(
                f"{task}: {code!r} is no synthetic language; there are {', '.join(LANGUAGES)}. For a language of your "
                f"own name its data under files.{task}.{code}."
            )
        if corpus not in OF_BOTH_TASKS:
            find_corpus(corpus).check_language(code)
        return corpus

    def reading(self, task: str, code: str, split: str) -> dict[str, Any]:
        """Return how a split is read besides: labels mapped, examples drawn; own files as is said of them."""
        labels, own = self.config.task(task).labels, self.config.own_data(task, code)
        said = (asdict(own) if own else {}) | self._drawn(task, code, split)
        said |= {"labels": labels, "fold": split_code(code)[1], "path": ""}
        said |= {"seed": self.config.data_seed} if said.get("splits") or said.get("folds") else {}
        return {key: value for key, value in said.items() if value}

    def _drawn(self, task: str, code: str, split: str) -> dict[str, Any]:
        """Return how many examples of a target's split are drawn, where not all of them are wanted."""
        size = self.config.task(task).target_sizes.get(split)
        wanted = size and any(target.language == code for target in self.config.task(task).targets)
        return {"drawn": {"size": size, "seed": self.config.data_seed}} if wanted else {}

    def folder(self, task: str, code: str) -> Path:
        """Return where a language's data lie: the user's folder or file, or a folder of downloads."""
        own = self.config.own_data(task, code)
        return Path(own.path) if own else RAW / raw_folder(self.config.corpus(task, code), code)

    def code(self, task: str, language: str) -> str:
        """Return the digest of the code that reads a language's data."""
        modules = ("metaxl.data.read", "metaxl.data.facts", reader_module(self.config.corpus(task, language)))
        return "".join(map(digest, modules))

    def downloads(self) -> list[str]:
        """Return the paths beneath results/raw/ of every file that the experiment downloads, each once."""
        splits = [(corpus, language, split) for _, corpus, language, split in self.splits()]
        paths = (path for place in splits if place[0] not in OF_BOTH_TASKS for path in raw_files(*place))
        return list(dict.fromkeys(paths))

    def splits(self) -> Iterator[tuple[TaskSettings, str, str, str]]:
        """Yield (task, corpus, language, split) of all that is needed: of a source language, Figure 1's too, train."""
        figure = self.config.figure
        for task in self.config.tasks:
            shown = [figure.source] if figure and figure.task == task.name else []
            sources = [(language, SPLITS[0]) for language in (*task.sources(), *shown)]
            codes = [code for target in task.targets for code in self.config.codes(task.name, target.language)]
            targets = [(code, split) for code in codes for split in SPLITS]
            for language, split in dict.fromkeys([*sources, *targets]):
                yield task, self.config.corpus(task.name, language), language, split
