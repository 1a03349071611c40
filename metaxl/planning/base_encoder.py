"""The encoder of a proposed experiment: what is known of it, and how long examples it should read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metaxl.data.encode import encode, load_tokenizer
from metaxl.data.formats.records import Record, words_of
from metaxl.downloads.encoders import FETCHED_FILES
from metaxl.downloads.hub import cached_files
from metaxl.encoder.open import read_config
from metaxl.errors import ConfigError
from metaxl.experiment.schema import WORKFLOW, read_yaml

BOUNDS = (16, 32, 48, 64, 96, 128, 192, 256, 384, 512)
SUBWORDS_A_WORD = 3  # of a language that a tokenizer hardly knows
COVERED = 0.99  # the share of the training examples that are not cut
USUAL = {"layers": 12, "hidden": 768, "positions": 512}  # of XLM-R base, and of most encoders of its size
SMALL = 128  # a width below which an encoder is a toy and learns with greater steps


@dataclass(frozen=True, slots=True)
class BaseEncoder:
    """An encoder as far as a proposal needs to know it.

    Attributes:
        name: under `encoders`.
        spec: {hub, revision} or {folder}.
        folder: where its configuration and its tokenizer lie, if they are on this machine.
    """

    name: str
    spec: dict[str, str]
    folder: Path | None
    layers: int
    hidden: int
    positions: int

    @property
    def is_small(self) -> bool:
        """Whether it is a toy, such as the demo's."""
        return self.hidden <= SMALL

    @property
    def tokenizer(self) -> Path | None:
        """Return the folder of its tokenizer, if that is on this machine."""
        return self.folder if self.folder and (self.folder / "tokenizer.json").is_file() else None


def find_encoder(asked: str | None) -> BaseEncoder:
    """Return what is known of an encoder: of a folder, of an id of the hub, or by default of the paper's.

    Raises:
        ConfigError: it is neither a folder nor an id.
        EncoderError: the folder holds no encoder.
    """
    pinned = read_yaml(WORKFLOW / "presets" / "paper.yaml")["encoders"]
    name, spec = next((item for item in pinned.items() if item[1]["hub"] == asked), next(iter(pinned.items())))
    if asked and Path(asked).expanduser().is_dir():
        folder = Path(asked).expanduser()
        return BaseEncoder("mine", {"folder": str(folder)}, folder, **_geometry(read_config(folder)))
    if asked and Path(asked).expanduser().is_file():
        raise ConfigError(f"--encoder {asked}: is a file; name its folder, {Path(asked).parent}.")
    if asked and spec["hub"] != asked:
        if asked.count("/") != 1 or not all(asked.split("/")) or asked.startswith((".", "~")):
            raise ConfigError(
                f"--encoder {asked}: neither a folder here nor an id of the hub, which is like FacebookAI/"
                "xlm-roberta-base."
            )
        name, spec = "mine", {"hub": asked, "revision": "main"}
    cached = cached_files(spec["hub"], "model", spec["revision"], FETCHED_FILES)
    folder_here = cached["config.json"].parent if "config.json" in cached else None
    known = _geometry(read_config(folder_here)) if folder_here else USUAL
    return BaseEncoder(name, spec, folder_here, **known)


def _geometry(config: dict[str, Any]) -> dict[str, int]:
    """Return layers, width and positions from a config.json, whose keys differ between families."""
    positions = config.get("max_position_embeddings") or USUAL["positions"]
    # RoBERTa's positions begin behind the row of the padding token.
    lost = 2 if "roberta" in config["model_type"] else 0
    return {
        "layers": config.get("num_hidden_layers") or config.get("n_layers") or USUAL["layers"],
        "hidden": config.get("hidden_size") or config.get("dim") or USUAL["hidden"],
        "positions": positions - lost,
    }


def propose_lengths(encoder: BaseEncoder, task: str, examples: Sequence[Record]) -> tuple[int, int]:
    """Return limits in subwords: one that cuts hardly a training example, and one that cuts no other if it can."""
    lengths = sorted(_lengths(encoder.tokenizer, task, examples))
    most = lengths[math.ceil(COVERED * len(lengths)) - 1]
    return _bound(most, encoder.positions), _bound(lengths[-1], encoder.positions)


def _lengths(tokenizer: Path | None, task: str, examples: Sequence[Record]) -> list[int]:
    if tokenizer is None:
        return [SUBWORDS_A_WORD * words_of(record) + 2 for record in examples]
    labels = sorted({label for record in examples for label in record.get("tags", [record.get("label")])})
    return [int(n) for n in encode(load_tokenizer(tokenizer, task), task, examples, 2**31, labels).lengths()]


def _bound(length: int, positions: int) -> int:
    return min(next((bound for bound in BOUNDS if bound >= length), BOUNDS[-1]), positions)
