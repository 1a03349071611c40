"""An encoder's tokenizer: inspected, made where tokenizer.json is missing, saved beside a model as training saw it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from metaxl.data.encode import load_tokenizer
from metaxl.errors import DataError, EncoderError
from metaxl.files import read_json, write_json
from metaxl.tasks import Task

CONFIG = "tokenizer_config.json"
VOCABULARIES = ("vocab.*", "*.model", "*.spm", "*.tiktoken")  # of which transformers may make a tokenizer.json
UNKNOWN = "\u0378"  # no character
KEPT = ("model_max_length", "padding_side", "truncation_side", "additional_special_tokens", "extra_special_tokens")


def save_tokenizer(encoder: Path, out: Path, task: Task) -> None:
    """Write an encoder's tokenizer.json as the task's data were encoded, and a configuration that takes it as it is.

    If the configuration names the class of a family or none, transformers builds the family's tokenizer anew from the
    vocabulary and ignores the rest of tokenizer.json, a normalizer of its own for instance.

    Raises:
        EncoderError: the encoder's folder has no tokenizer.json.
    """
    tokenizer = load_tokenizer(encoder, task.name)
    tokenizer.save(str(out / "tokenizer.json"))
    written = read_json(encoder / CONFIG) if (encoder / CONFIG).is_file() else {}
    config = {name: value for name, value in written.items() if name in KEPT or _is_token(name, value)}
    padding = tokenizer.id_to_token(read_json(encoder / "config.json").get("pad_token_id") or 0)
    write_json(
        out / CONFIG,
        {"pad_token": padding}
        | config
        | {"tokenizer_class": "PreTrainedTokenizerFast", "model_input_names": ["input_ids", "attention_mask"]},
    )


def _is_token(name: str, value: Any) -> bool:
    """Tell a special token, as text or with its properties, from a switch such as add_bos_token."""
    return name.endswith("_token") and isinstance(value, str | dict)


def faults_of_tokenizer(folder: Path, rows: int) -> list[str]:
    """Return why the tokenizer of a folder is not that of an encoder whose word embedding has `rows` rows.

    Where tokenizer.json is missing, one can be made of another vocabulary (convert_tokenizer). Where `rows` is 0, it is
    not known.
    """
    path = folder / "tokenizer.json"
    advice = "save the encoder's own fast tokenizer, tokenizer.json, beside its weights"
    if not path.is_file():
        if any(found for pattern in VOCABULARIES for found in folder.glob(pattern)):
            return []
        return [f"{folder}: no tokenizer.json, and no vocabulary of which to make one; {advice}."]
    try:
        if (folder / CONFIG).is_file() and not isinstance(read_json(folder / CONFIG), dict):
            return [f"{folder / CONFIG}: expected an object of settings; copy the encoder's own file."]
    except DataError as error:
        return [f"{str(error).removesuffix('.')}; copy the encoder's own file."]
    try:
        tokenizer = Tokenizer.from_file(str(path))
        tokenizer.encode(UNKNOWN)  # where the unknown token is none of the vocabulary, that fails
        ids = tokenizer.get_vocab().values()
    except Exception as error:  # the library raises no class of its own
        return [f"{path}: cannot be read as a tokenizer ({str(error).removesuffix('.')}); {advice}."]
    if 2 * len(ids) <= rows:
        return [f"{path}: its tokenizer has {len(ids)} tokens, where the embedding has {rows}; {advice}."]
    beyond = sum(number >= rows for number in ids)
    if rows and beyond:
        return [
            f"{path}: its tokenizer gives {beyond} ids beyond the embedding's {rows} rows, up to {max(ids)}; {advice}."
        ]
    return []


def convert_tokenizer(folder: Path, path: Path) -> None:
    """Make tokenizer.json, written to `path`, of the other tokenizer files of an encoder folder.

    Raises:
        EncoderError: transformers has no conversion for them, or they do not give the model's vocabulary.
    """
    from transformers import AutoTokenizer  # it takes seconds to load

    start = f"{folder}: no tokenizer.json, and"
    advice = "save the encoder's fast tokenizer into the folder"
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (ImportError, OSError, ValueError) as error:
        raise EncoderError(
            f"{start} transformers cannot make it of the other files ({error}); {advice}. (A sentencepiece model needs "
            "the packages sentencepiece and protobuf.)"
        ) from error
    known, expected = len(tokenizer), read_json(folder / "config.json")["vocab_size"]
    # Of a folder without any vocabulary transformers makes a tokenizer of a few special tokens, and says nothing.
    if not getattr(tokenizer, "is_fast", False) or not expected / 2 < known <= expected:
        raise EncoderError(
            f"{start} of the other files transformers makes a tokenizer of {known} tokens, where the embedding has "
            f"{expected}; {advice}."
        )
    tokenizer.backend_tokenizer.save(str(path))
