"""What the weights of every encoder must be, and the folder of a trained model; safetensors only, no code is run."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import save_file

from metaxl.data.encode import Integers
from metaxl.encoder.network import Parameters
from metaxl.encoder.tokenizer_files import save_tokenizer
from metaxl.errors import EncoderError
from metaxl.files import atomic_folder
from metaxl.tasks import LabelSet, Task

WEIGHTS = "model.safetensors"
TRAINABLE = ("F64", "F32", "F16", "BF16")


def weights_file(folder: Path) -> Path:
    """Return the path of an encoder's weights.

    Raises:
        EncoderError: the file is missing, or its numbers are quantised and so not the encoder's.
    """
    path = folder / WEIGHTS
    if not path.is_file():
        raise EncoderError(f"{path}: missing; save the encoder with safe serialization (pickles are never read).")
    with safe_open(str(path), framework="pt") as file:
        names = [name for name in file.keys() if name.endswith("weight")]  # noqa: SIM118 - a safe_open is no mapping
        types = {name: file.get_slice(name).get_dtype() for name in names}
    wrong = [name for name, kind in types.items() if kind not in TRAINABLE]
    if wrong:
        raise EncoderError(
            f"{path}: {wrong[0]} and {len(wrong) - 1} more hold {types[wrong[0]]} numbers, which cannot be trained; "
            "save the encoder with its weights dequantised."
        )
    return path


def refuse_missing(path: Path, missing: Collection[str], family: str) -> None:
    """Refuse weights that lack parameters of the encoder."""
    if missing:
        raise EncoderError(
            f"{path}: lacks {len(missing)} of the parameters that config.json promises, or has them in another shape, "
            f"among them {', '.join(sorted(missing)[:3])}; is it a {family} model?"
        )


def refuse_more_layers(path: Path, names: Iterable[str], blocks: str, layers: int) -> None:
    """Refuse weights of a deeper encoder: without its last layers it would be another.

    Args:
        path: of the weights.
        names: of parameters that the file holds.
        blocks: what stands before the number of a layer in them.
        layers: how many config.json promises.
    """
    block = re.compile(rf"(?:^|\.){re.escape(blocks)}\.(\d+)\.")
    held = max((int(found[1]) + 1 for name in names if (found := block.search(name))), default=0)
    if held > layers:
        raise EncoderError(
            f"{path}: holds {held} layers, but num_hidden_layers of config.json is {layers}; correct the one or save "
            "the weights of those layers alone."
        )


def refuse_unknown_ids(path: Path, rows: Integers, known: int) -> None:
    """Refuse a word embedding of `known` rows that is smaller than the tokenizer."""
    if rows[-1] >= known:
        raise EncoderError(f"{path}: the tokenizer gives id {rows[-1]}, but the embedding has {known} rows.")


def label_names(labels: LabelSet) -> dict[str, Any]:
    """Return what config.json says of the classes."""
    names = dict(enumerate(labels.classes))
    return {"id2label": names, "label2id": {label: number for number, label in names.items()}}


@contextmanager
def model_folder(out: Path, encoder: Path, task: Task, phi: Parameters) -> Iterator[Path]:
    """Yield a folder to write a trained model to; its tokenizer and RTN are added, and it takes the place of `out`."""
    with atomic_folder(out) as folder:
        yield folder
        if phi:
            save_file({name: value.detach().cpu() for name, value in phi.items()}, folder / "rtn.safetensors")
        save_tokenizer(encoder, folder, task)
