"""Parts of one file by hash order: independent of the file's order, stratified, no repeated text in two of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from metaxl.data.formats.records import LONG_SENTENCE, Record, text_of, words_of
from metaxl.errors import DataError
from metaxl.files import sha256_text
from metaxl.tasks import OUTSIDE, SPLITS

Groups = list[list[Record]]  # the records of each text, in hash order


def share_out(
    records: Sequence[Record],
    shares: Mapping[str, float],
    seed: int,
    file: str,
    labels: Mapping[str, str] | None = None,
) -> dict[str, list[Record]]:
    """Return the records of each part: those of `shares`, and train, the rest.

    Args:
        records: of the whole file.
        shares: of dev and test, as fractions of all records.
        seed: of the order.
        file: for messages.
        labels: what types or labels become: the strata are of the mapped ones; the records stay as they are.

    Raises:
        DataError: a part would be empty.
    """
    parts: dict[str, list[Record]] = {name: [] for name in SPLITS if name == SPLITS[0] or name in shares}
    for groups in _strata(records, seed, labels or {}):
        total = sum(map(len, groups))
        wanted = {name: share * total for name, share in shares.items()}
        taken = dict.fromkeys(shares, 0)
        for group in groups:
            # Whoever lacks most of its share takes the next text; train takes what nobody lacks.
            name = max(shares, key=lambda part: wanted[part] - taken[part])
            if wanted[name] - taken[name] < len(group) / 2:
                name = SPLITS[0]
            else:
                taken[name] += len(group)
            parts[name] += group
    for name, part in parts.items():
        if not part:
            raise DataError(
                f"{file}: nothing is left for {name}: the file holds {_held(records)} at the shares "
                f"{', '.join(f'{key} {value:g}' for key, value in shares.items())}; bring more, or use folds."
            )
    return parts


def fold_parts(
    records: Sequence[Record], folds: int, fold: int, seed: int, file: str, labels: Mapping[str, str] | None = None
) -> dict[str, list[Record]]:
    """Return train, dev and test of a fold, counted from 1: test is the fold, dev the next one, train all others.

    Further arguments are as of `share_out`.

    Raises:
        DataError: there are fewer texts than folds.
    """
    dealt: list[list[Record]] = [[] for _ in range(folds)]
    for groups in _strata(records, seed, labels or {}):
        for group in groups:
            min(dealt, key=len).extend(group)
    if not all(dealt):
        raise DataError(
            f"{file}: holds {_held(records)}; that is too few for {folds} folds; bring more, or lower folds."
        )
    test, dev = fold - 1, fold % folds
    train = [record for number, part in enumerate(dealt) if number not in (test, dev) for record in part]
    return {"train": train, "dev": dealt[dev], "test": dealt[test]}


def _held(records: Sequence[Record]) -> str:
    """Return how many examples and texts there are, and what may be why they are few."""
    texts = len({text_of(record) for record in records})
    held = f"only {texts} different text{'s' * (texts != 1)} of {len(records)} example{'s' * (len(records) != 1)}"
    if texts < len(records):
        return f"{held} (equal texts stay together)"
    if texts == 1 and "tags" in records[0] and words_of(records[0]) > LONG_SENTENCE:
        return f"{held} ({words_of(records[0])} words; is the blank line after each sentence missing?)"
    return held


def _strata(records: Sequence[Record], seed: int, labels: Mapping[str, str]) -> list[Groups]:
    """Return the texts of each stratum in hash order: with and without an entity, or of each label."""
    texts: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        texts[text_of(record)].append(record)
    strata: dict[str, Groups] = defaultdict(list)
    for _, group in sorted(texts.items(), key=_by_hash(seed)):
        strata[_stratum(group, labels)].append(group)
    return [strata[name] for name in sorted(strata)]


def _by_hash(seed: int) -> Callable[[tuple[str, list[Record]]], str]:
    return lambda item: sha256_text(f"{seed}/{item[0]}")


def _stratum(group: Sequence[Record], labels: Mapping[str, str]) -> str:
    if "tags" in group[0]:
        kinds = {tag.partition("-")[2] for record in group for tag in record["tags"] if tag != OUTSIDE}
        return str(any(labels.get(kind, kind) != OUTSIDE for kind in kinds))
    return min(labels.get(record["label"], record["label"]) for record in group)
