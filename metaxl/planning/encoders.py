"""What the rule of the encoders needs: what each is made of, and from which files and code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metaxl.encoder.inspect import faults_of_encoder
from metaxl.errors import ConfigError, did_you_mean
from metaxl.experiment import layout
from metaxl.experiment.config import Config, TaskSettings
from metaxl.experiment.layout import brought
from metaxl.files import canonical_json, read_json
from metaxl.planning.code import digest
from metaxl.planning.remembered import fingerprint, remembered, sha256_of

REQUIRED = ("config.json", "model.safetensors")
# Without the first, it is made of whatever other files of a vocabulary there are.
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")


@dataclass(frozen=True, slots=True)
class EncoderPlan:
    """The encoders of a configuration."""

    config: Config

    def find(self, encoder: str) -> dict[str, Any]:
        """Return what the configuration says of an encoder: {hub, revision}, {folder} or {pretrain}.

        Raises:
            ConfigError: it has none of that name.
        """
        known = self.config.encoders
        if encoder not in known:
            raise ConfigError(f"encoders: no {encoder!r}, only {', '.join(known)}.{did_you_mean(encoder, known)}")
        return known[encoder]

    def used(self) -> list[str]:
        """Return the encoders of the tasks and of the figure, each once."""
        used = [task.encoder for task in self._tasks()]
        return list(dict.fromkeys(used + ([self.config.figure.encoder] if self.config.figure else [])))

    def spec(self, encoder: str) -> dict[str, Any]:
        """Return what an encoder is made of; a pre-trained one also says on which languages."""
        spec = self.find(encoder)
        if "pretrain" not in spec:
            return spec
        sources = {source for task in self.config.tasks for source in task.sources()}
        targets = {target.language for task in self.config.tasks for target in task.targets} - sources
        return spec | {"sources": sorted(sources), "targets": sorted(targets), "seed": self.config.data_seed}

    def inputs(self, encoder: str) -> list[Path]:
        """Return the files of a user's encoder folder; none for encoders that are downloaded or pre-trained."""
        folder = self.find(encoder).get("folder")
        if not folder:
            return []
        place = brought(Path(folder))
        here = [path for path in place.glob("*") if path.name in TOKENIZER_FILES]
        if not any(path.name == TOKENIZER_FILES[0] for path in here):
            here += [path for path in place.glob("*") if path.suffix in (".json", ".txt", ".model")]
        return sorted({*here, *(place / name for name in REQUIRED)})

    def checksums(self, encoder: str) -> dict[str, str]:
        """Return the SHA-256 of each file of a user's encoder folder, by name.

        Their times do not count, for a copy loses them; a gigabyte takes a second or two.
        """
        return {path.name: sha256_of(path) for path in self.inputs(encoder)}

    def asked(self, encoder: str) -> dict[str, Any]:
        """Return what the rule of the encoders is asked for: what an encoder is made of, with checksums of files."""
        files = self.checksums(encoder)
        return self.spec(encoder) | ({"files": files} if files else {})

    def code(self, encoder: str) -> str:
        """Return the digest of the code that makes a pre-trained encoder, or the tokenizer of a folder without one."""
        spec = self.find(encoder)
        if "pretrain" in spec:
            return digest("metaxl.demo.encoder")
        converted = "folder" in spec and not Path(spec["folder"], TOKENIZER_FILES[0]).expanduser().is_file()
        return digest("metaxl.encoder.tokenizer_files") if converted else ""

    def at_hand(self, encoder: str) -> Path | None:
        """Return the folder of an encoder that lies on this machine: the user's, or one that was prepared."""
        spec = self.find(encoder)
        if "folder" in spec:
            return Path(spec["folder"]).expanduser()
        root = layout.root(self.config.name)
        prepared, asked = (
            root / layout.fill(part, encoder=encoder) for part in (layout.CHECKSUMS, layout.ENCODER_SPEC)
        )
        # A folder that was prepared of something else under the same name tells nothing of this encoder.
        same = prepared.is_file() and asked.is_file() and read_json(asked) == self.asked(encoder)
        return prepared.parent if same else None

    def faults(self) -> Iterator[str]:
        """Yield what is wrong with the encoders that lie on this machine, before anything opens them.

        Folders count too that no task reads: a command may name a cell of theirs.
        """
        folders = [name for name, spec in self.config.encoders.items() if "folder" in spec]
        for name in dict.fromkeys([*self.used(), *folders]):
            folder = self.at_hand(name)
            if folder is None or "pretrain" in self.find(name):
                continue
            missing = [path for path in self.inputs(name) if not path.is_file()]
            if missing:
                yield (
                    f"encoders.{name}.folder: {', '.join(map(str, missing))} missing; an encoder folder holds "
                    f"{', '.join(REQUIRED)} and the files of its tokenizer.{_convertible(folder)}"
                )
                continue
            yield from (f"encoders.{name}: {text}" for text in self._opened(name, folder))

    def _opened(self, name: str, folder: Path) -> list[str]:
        """Return what is wrong with an encoder folder, looked at again when it or what is asked of it has changed."""
        layers, longest = self._layers(name), self._longest(name)
        code = digest("metaxl.encoder.inspect")
        files = sorted(path for path in folder.iterdir() if path.is_file())
        made_of = [*fingerprint(files), canonical_json([layers, longest]), code]
        return list(remembered(made_of, lambda: faults_of_encoder(folder, layers=layers, longest=longest)))

    def _layers(self, encoder: str) -> list[int]:
        """Return the layers after which a table or the figure has an RTN on an encoder."""
        own = [task for task in self._tasks() if task.encoder == encoder]
        placements = [placement for task in own for placement in (task.placement, *task.placements)]
        figure = self.config.figure
        placements += [figure.placement] if figure and figure.encoder == encoder else []
        return sorted({layer for placement in placements for layer in placement})

    def _longest(self, encoder: str) -> int:
        """Return the most subwords of an example that an encoder reads."""
        figure = self.config.figure
        shown = figure.task if figure and figure.encoder == encoder else ""
        own = [task.training for task in self._tasks() if encoder == task.encoder or shown == task.name]
        return max((max(training.max_length, training.eval_max_length) for training in own), default=0)

    def _tasks(self) -> list[TaskSettings]:
        """Return the settings of every task, and of every task under a variant."""
        return [task for config in self.config.variations() for task in config.tasks]


def _convertible(folder: Path) -> str:
    """Say how weights of another form become safetensors."""
    if not any(folder.glob("pytorch_model*.bin")):
        return ""
    return f" `metaxl encoder convert {folder}` makes model.safetensors of its pytorch_model.bin."
