"""The state of a training on disk: what it takes to go on as if nothing had happened."""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from metaxl.errors import DataError
from metaxl.files import atomic_path, read_json, sha256_file, write_json

KEPT = 2  # states; the older serves where the newer is damaged
log = logging.getLogger("metaxl")


@dataclass(frozen=True, slots=True)
class State:
    """What a training has become.

    Attributes:
        tensors: parameters, optimisers' moments, generators, reports of the epoch that is going on, by name.
        facts: numbers and the history, as JSON has them; "steps" among them.
    """

    tensors: dict[str, Tensor]
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The states of one training: each a file of tensors and one of JSON, which names what it was made of.

    Attributes:
        folder: where they lie.
        made_of: digests of the cell's spec, data, encoder and code, and the library that computes.
    """

    folder: Path
    made_of: dict[str, Any]

    def save(self, state: State) -> None:
        """Write a state beside the older ones, the JSON last; a reader never sees half a state."""
        name = f"state-{state.facts['steps']:010d}"
        with atomic_path(self.folder / f"{name}.safetensors") as temporary:
            save_file({key: value.detach().cpu().contiguous() for key, value in state.tensors.items()}, temporary)
            digest = sha256_file(temporary)
        write_json(self.folder / f"{name}.json", {"made_of": self.made_of, "sha256": digest, "facts": state.facts})
        for path in sorted(self.folder.glob("state-*.json"))[:-KEPT]:
            path.unlink(missing_ok=True)
            path.with_suffix(".safetensors").unlink(missing_ok=True)

    def newest(self) -> State | None:
        """Return the newest state that is whole and of this training; others are told and left out."""
        for path in sorted(self.folder.glob("state-*.json"), reverse=True):
            try:
                return self._read(path)
            except DataError as error:
                log.warning("%s It is not used.", error)
        return None

    def remove(self) -> None:
        """Remove all states."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self, path: Path) -> State:
        about, tensors = read_json(path), path.with_suffix(".safetensors")
        if not isinstance(about, dict) or not {"made_of", "sha256", "facts"} <= about.keys():
            raise DataError(f"{path}: no state of a training.")
        others = sorted(key for key in self.made_of if about["made_of"].get(key) != self.made_of[key])
        if others:
            raise DataError(f"{path}: the state of a training with another {', another '.join(others)}.")
        try:
            if sha256_file(tensors) != about["sha256"]:
                raise DataError(f"{tensors}: damaged, its SHA-256 is not that of {path.name}.")
            return State(load_file(tensors), about["facts"])
        except (OSError, SafetensorError) as error:
            raise DataError(f"{tensors}: cannot be read ({error}).") from error
