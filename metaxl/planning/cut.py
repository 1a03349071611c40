"""What the length limit takes away of a language's data, where the encoder's tokenizer is on this machine."""

from __future__ import annotations

from pathlib import Path

from metaxl.data.encode import encode, load_tokenizer
from metaxl.experiment.config import Config, TaskSettings
from metaxl.planning.code import digest
from metaxl.planning.encoders import EncoderPlan
from metaxl.planning.inspection import inspect, made_of, records
from metaxl.planning.remembered import fingerprint, remembered
from metaxl.tasks import SPLITS, find_task

WHOLE = 2**31  # a limit in subwords that cuts nothing


def count_cut(config: Config, task: TaskSettings, code: str, split: str, to_train: bool = False) -> int | None:
    """Return how many words of a split, or texts, are cut by the limit; None where no tokenizer can tell.

    A word counts that has no subword within the limit, a text that is longer. Where the examples are also those to
    train from, as in a cross-validation, the shorter of the two limits counts.
    """
    folder = EncoderPlan(config).at_hand(task.encoder)
    if folder is None or not (folder / "tokenizer.json").is_file():
        return None
    training, evaluation = task.training.max_length, task.training.eval_max_length
    limit = training if split == SPLITS[0] else min(training, evaluation) if to_train else evaluation
    known = [*made_of(config, task.name, code, split), *fingerprint([folder / "tokenizer.json"]), str(limit)]
    known.append(digest("metaxl.data.encode"))
    return int(remembered(["cut", *known], lambda: _count(config, task.name, folder, (code, split), limit)))


def _count(config: Config, task: str, folder: Path, place: tuple[str, str], limit: int) -> int:
    labels = sorted(inspect(config, task, *place).facts["labels"])
    has_words = find_task(task).has_words
    examples, _ = records(config, task, *place)
    found = encode(load_tokenizer(folder, task), task, examples, limit if has_words else WHOLE, labels)
    return found.words_lost() if has_words else int((found.lengths() > limit).sum())
