"""Words to subwords: what a cell trains on, tokenised once per language and encoder.

Every example, a sentence of NER or a review, is a run of subwords with some *labelled* positions: the first
subword of each word, or the first token of a review. Both tasks are then the same to everything downstream.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, normalizers

from metaxl.errors import DataError, EncoderError
from metaxl.files import atomic_path
from metaxl.tasks import NER, find_task

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A data set as flat arrays; example i owns the slice starts[i]:starts[i + 1] of each.

    Attributes:
        ids: (subwords,) vocabulary ids, special tokens included.
        starts: (examples + 1,) bounds of each example in `ids`.
        labelled: (labels,) positions of the labelled subwords within their example.
        labels: (labels,) class of each labelled subword.
        words: (labels,) index of the labelled subword's word within its example.
        label_starts: (examples + 1,) bounds of each example in the three arrays above.
        gold: (words,) class of every word, including the words without a labelled subword.
        word_starts: (examples + 1,) bounds of each example in `gold`.
        names: (examples,) the examples' ids.
        texts: (bytes,) the words or the text of every example as JSON in UTF-8, a line each.
    """

    ids: Integers
    starts: Integers
    labelled: Integers
    labels: Integers
    words: Integers
    label_starts: Integers
    gold: Integers
    word_starts: Integers
    names: NDArray[np.str_]
    texts: NDArray[np.uint8]

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(self.starts) - 1

    def lengths(self) -> Integers:
        """Return (examples,) the number of subwords of each example."""
        return np.diff(self.starts)

    def contents(self) -> list[Any]:
        """Return the words, a list, or the text of every example."""
        return [json.loads(line) for line in self.texts.tobytes().splitlines()]

    def words_lost(self) -> int:
        """Return how many words have no labelled subword: cut off by the length limit, or without subwords."""
        return len(self.gold) - len(self.labels)

    def entities(self) -> int:
        """Return how many words begin an entity, in a task whose words have labels."""
        return _begun(self.gold)

    def entities_lost(self) -> int:
        """Return how many of the lost words begin an entity, which no prediction can then find."""
        places = np.repeat(self.word_starts[:-1], np.diff(self.label_starts)) + self.words
        return _begun(np.delete(self.gold, places))

    def save(self, path: Path) -> None:
        """Write the arrays to an .npz file, atomically."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        with atomic_path(path) as temporary:
            np.savez(temporary, **arrays)

    @classmethod
    def load(cls, path: Path) -> Encoded:
        """Read a file that `save` wrote.

        Raises:
            DataError: it is damaged.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return cls(**{field.name: arrays[field.name] for field in fields(cls)})
        except (ValueError, KeyError, EOFError, RuntimeError, BadZipFile, zlib.error) as error:
            raise DataError(f"{path}: damaged ({error}); remove it, and the same command makes it again.") from error


def load_tokenizer(folder: Path, task: str = NER.name) -> Tokenizer:
    """Load the tokenizer of an encoder folder, set up for the words or for the running text of a task.

    Raises:
        EncoderError: the folder has no tokenizer.json.
    """
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise EncoderError(f"{path}: missing; an encoder folder holds config.json, model.safetensors, tokenizer.json.")
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    if find_task(task).has_words and _loses_spaces(tokenizer):
        own = [] if tokenizer.normalizer is None else [tokenizer.normalizer]
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(" "), *own])
    return tokenizer


def _loses_spaces(tokenizer: Tokenizer) -> bool:
    """Tell whether a word of a list, which has no space before it, is encoded as if it continued another word.

    Most byte-level tokenizers do so (RoBERTa's, Llama 3's), and those that replace spaces but add none (Gemma's).
    """
    listed = tokenizer.encode(["a", "a"], is_pretokenized=True, add_special_tokens=False)
    running = tokenizer.encode("a a", add_special_tokens=False)
    return bool(listed.ids[-1:] != running.ids[-1:])


def encode(
    tokenizer: Tokenizer, task: str, records: Sequence[dict[str, Any]], max_length: int, classes: Sequence[str]
) -> Encoded:
    """Encode the records of one data file.

    Args:
        tokenizer: the encoder's; it adds its own special tokens.
        task: "ner" or "sentiment".
        records: as `metaxl.data.read` gives them.
        max_length: how many subwords of an example are kept, special tokens included. Words beyond it, and words
            that the tokenizer leaves without a subword, keep their place in `gold` and are predicted "O".
        classes: the names of the labels, in the order of their numbers.

    Raises:
        DataError: there are no records, or a label is not among the classes.
    """
    if not records:
        raise DataError("Nothing to encode: the data file is empty.")
    tokenizer.enable_truncation(max_length)
    index = {label: number for number, label in enumerate(classes)}
    _check_labels(records, index)
    if find_task(task).has_words:
        encodings = tokenizer.encode_batch([record["tokens"] for record in records], is_pretokenized=True)
        gold = [[index[tag] for tag in record["tags"]] for record in records]
        found = [_first_subwords(encoding.word_ids) for encoding in encodings]
    else:
        encodings = tokenizer.encode_batch([record["text"] for record in records])
        gold = [[index[record["label"]]] for record in records]
        found = [[(0, 0)] for _ in records]
    return Encoded(
        ids=_integers(token for encoding in encodings for token in encoding.ids),
        starts=_bounds([len(encoding.ids) for encoding in encodings]),
        labelled=_integers(position for pairs in found for position, _ in pairs),
        labels=_integers(tags[word] for tags, pairs in zip(gold, found, strict=True) for _, word in pairs),
        words=_integers(word for pairs in found for _, word in pairs),
        label_starts=_bounds([len(pairs) for pairs in found]),
        gold=_integers(tag for tags in gold for tag in tags),
        word_starts=_bounds([len(tags) for tags in gold]),
        names=np.array([record["id"] for record in records]),
        texts=np.frombuffer("".join(map(_content, records)).encode(), dtype=np.uint8),
    )


def _check_labels(records: Sequence[dict[str, Any]], known: Mapping[str, int]) -> None:
    labels = {label for record in records for label in record.get("tags", [record.get("label")])}
    if unknown := sorted(labels - set(known)):
        raise DataError(
            f"The label {unknown[0]!r} is not among those of the experiment, {', '.join(known)}: the language is none "
            "of its targets and sources, or its data have changed. List the language, or map the label under labels."
        )


def _content(record: dict[str, Any]) -> str:
    return json.dumps(record["tokens"] if "tokens" in record else record["text"]) + "\n"


def _begun(classes: Integers) -> int:
    """Count the B- tags, which have the odd numbers (`Task.label_set`)."""
    return int((classes % 2 == 1).sum())


def _first_subwords(word_ids: Sequence[int | None]) -> list[tuple[int, int]]:
    """Return (position, word) of the first subword of each word that has one."""
    firsts: dict[int, int] = {}
    for position, word in enumerate(word_ids):
        if word is not None:
            firsts.setdefault(word, position)
    return [(position, word) for word, position in firsts.items()]


def _integers(values: Any) -> Integers:
    return np.fromiter(values, dtype=np.int64)


def _bounds(lengths: Sequence[int]) -> Integers:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
