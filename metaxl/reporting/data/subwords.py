"""What an encoder's tokenizer makes of a part of the data, and what its length limit takes away."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tokenizers import Tokenizer

from metaxl.data.encode import Encoded, encode
from metaxl.data.formats.records import words_of
from metaxl.tasks import find_task

WHOLE = 2**31  # a limit in subwords that cuts nothing


def count_subwords(
    tokenizer: Tokenizer, task: str, records: Sequence[dict[str, Any]], kept: Encoded, classes: Sequence[str]
) -> dict[str, Any]:
    """Count the subwords of whole examples, and what training or evaluation does not see of them.

    Args:
        tokenizer: of the encoder; its truncation is changed.
        task: "ner" or "sentiment".
        records: of one file of the data.
        kept: the same records as the cells read them, within the length limit.
        classes: the names of the labels.

    Returns:
        words; subwords, without special tokens; unknown, how many of them are the tokenizer's unknown token, None
        where it has none; examples_cut, those longer than the limit. For NER also words_cut_off, whose first subword
        lies beyond the limit; words_without_subword, of which the tokenizer leaves nothing; entities_lost, which begin
        with one of either.
    """
    whole = encode(tokenizer, task, records, WHOLE, classes)
    unknown = unknown_id(tokenizer)
    counts = {
        "words": sum(map(words_of, records)),
        "subwords": len(whole.ids) - len(whole) * tokenizer.num_special_tokens_to_add(is_pair=False),
        "unknown": None if unknown is None else int((whole.ids == unknown).sum()),
        "examples_cut": int((whole.lengths() > kept.lengths()).sum()),
    }
    if not find_task(task).has_words:
        return counts
    return counts | {
        "words_cut_off": kept.words_lost() - whole.words_lost(),
        "words_without_subword": whole.words_lost(),
        "entities_lost": kept.entities_lost(),
    }


def unknown_id(tokenizer: Tokenizer) -> int | None:
    """Return the id that stands for whatever the vocabulary lacks; None for a tokenizer of bytes, which has none."""
    # Unigram models do not tell it otherwise than in their file.
    model = json.loads(tokenizer.to_str())["model"]
    token = model.get("unk_token")
    return model.get("unk_id") if token is None else tokenizer.token_to_id(token)
