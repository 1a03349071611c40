"""A trained cell of a tiny encoder with its model kept, made in process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cells import files_of, spec_of, train
from conftest import make_encoder, records_of
from families import make_family

from metaxl.data.encode import encode, load_tokenizer
from metaxl.data.learn_splitter import learn_splitter
from metaxl.data.splitter import SPLITTER
from metaxl.experiment.spec import CellSpec
from metaxl.files import write_json
from metaxl.tasks import TASKS

SIZES = {"train": 30, "dev": 12, "test": 9, "source": 12}
LIMIT = 32  # subwords


@dataclass(frozen=True, slots=True)
class KeptCell:
    """A cell's folder, whose model is kept in it, and its data by role."""

    folder: Path
    spec: CellSpec
    files: dict[str, Path]
    records: dict[str, list[dict]]

    @property
    def model(self) -> Path:
        return self.folder / "model"


def examples(task: str, role: str) -> list[dict]:
    """Return records of a role; sentences end with a full stop, every third one has a comma, a text begins alike."""
    records = records_of(task, SIZES[role], list(SIZES).index(role))
    for number, record in enumerate(records if task == "ner" else []):
        if number % 3 == 0:
            record["tokens"].insert(1, ",")
            record["tags"].insert(1, "O")
            if record["tags"][2:3] and record["tags"][2].startswith("I-"):
                record["tags"][2] = "B" + record["tags"][2][1:]
        record["tokens"].append(".")
        record["tags"].append("O")
    for record in records if task == "sentiment" else []:
        record["text"] = f"{' '.join(3 * ['w1' if record['label'] == 'positive' else 'w2'])} {record['text']}"
    return records


def written(tokens: list[str]) -> str:
    """Return a sentence as people write it, its punctuation on the words."""
    return " ".join(tokens).replace(" ,", ",").replace(" .", ".")


def keep_cell(folder: Path, task: str, kind: str, method: str = "joint") -> KeptCell:
    """Train a cell on an encoder of a kind, and keep its model."""
    encoder = folder / "encoder"
    (make_encoder if kind in ("bert", "roberta") else make_family)(encoder, kind)
    write_json(encoder / "tokenizer_config.json", {"unk_token": "<unk>"})  # by which the pipeline knows the full stop
    records = {role: examples(task, role) for role in SIZES}
    for role, own in records.items():
        encode(load_tokenizer(encoder, task), task, own, LIMIT, TASKS[task].usual).save(encoder / f"{task}-{role}.npz")
    spec = spec_of(method, task, epochs=16, learning_rate=4e-3)
    train(encoder, folder / "cell", spec, folder / "cell" / "model")
    if task == "ner":
        learn_splitter(record["tokens"] for record in records["train"]).save(folder / "cell" / "model" / SPLITTER)
    return KeptCell(folder / "cell", spec, files_of(encoder, spec), records)
