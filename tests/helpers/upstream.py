"""The paper's sources in miniature, of invented text, as folders that tests/loopback.py serves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from unittest import mock

import conftest
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import torch
import yaml
from safetensors.torch import load_file, save_file
from tokenizers import pre_tokenizers

from metaxl.data.corpora import sentipers
from metaxl.demo.languages.ner import ner_sentences
from metaxl.demo.languages.reviews import reviews
from metaxl.tasks import NER

WIKIANN, REVIEWS = "unimelb-nlp/wikiann", "mteb/AmazonReviewsClassification"
ENCODERS = {"FacebookAI/xlm-roberta-base": "xlm-roberta", "google-bert/bert-base-multilingual-cased": "bert"}
SPLITS = {"train": "train", "dev": "validation", "test": "test"}  # ours: the hub's
POSITIONS = {"bert": 512, "xlm-roberta": 514}  # as the real encoders have, so that the paper's lengths fit
SEED = 5


def write_wikiann(folder: Path, languages: Sequence[str], sizes: Mapping[str, int]) -> None:
    """Write the languages' parquet files, with as many sentences as `sizes` gives for train, validation and test."""
    for language in languages:
        for ours, split in SPLITS.items():
            records = ner_sentences(language, ours, sizes[split], SEED)
            columns = {
                "tokens": [record["tokens"] for record in records],
                "ner_tags": [[NER.usual.index(tag) for tag in record["tags"]] for record in records],
                "langs": [[language] * len(record["tokens"]) for record in records],
                "spans": [spans(record) for record in records],
            }
            kinds = {name: {"dtype": "string", "_type": "Value"} for name in ("tokens", "langs", "spans")}
            kinds["ner_tags"] = {"names": list(NER.usual), "_type": "ClassLabel"}
            features = {name: {"feature": kinds[name], "_type": "Sequence"} for name in columns}
            write_parquet(folder, WIKIANN, language, split, columns, features)


def spans(record: dict) -> list[str]:
    """Return a sentence's entities as WikiANN has them: "PER: Ada Lovelace"."""
    found: list[str] = []
    for token, tag in zip(record["tokens"], record["tags"], strict=True):
        if tag.startswith("B-"):
            found.append(f"{tag[2:]}: {token}")
        elif tag.startswith("I-"):
            found[-1] += f" {token}"
    return found


def write_reviews(folder: Path, size: int) -> None:
    """Write the English reviews, `size` a split; a fifth of them has three stars and belongs to no class."""
    for ours, split in SPLITS.items():
        records = reviews("en", ours, size, SEED)
        stars = [2 if n % 5 == 4 else n % 2 + 3 * (r["label"] == "positive") for n, r in enumerate(records)]
        columns = {
            "id": [f"en_{1000 + number:07}" for number in range(size)],
            "text": [record["text"].replace(" ", "\n\n", 1) for record in records],
            "label": stars,
            "label_text": [str(number) for number in stars],
        }
        features = {n: {"dtype": "int64" if n == "label" else "string", "_type": "Value"} for n in columns}
        write_parquet(folder, REVIEWS, "en", split, columns, features)


def write_parquet(folder: Path, repo: str, language: str, split: str, columns: dict, features: dict) -> None:
    """Write a parquet file as `datasets` pushes it to the hub, the description of its features included."""
    path = folder / "datasets" / repo / language / f"{split}-00000-of-00001.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    about = {"huggingface": json.dumps({"info": {"features": features}})}
    pq.write_table(pa.table(columns).replace_schema_metadata(about), path)


def write_sentiraama_and_sentipers(folder: Path, size: int = 24) -> None:
    """Write the plain files of both, `size` usable reviews a split, and the paper's index of their splits."""
    telugu, persian = folder / "files" / "sentiraama", folder / "files" / "sentipers"
    index = [*sentiraama_lines(telugu, size), *sentipers_rows(persian, size)]
    for corpus in (telugu, persian):
        (corpus / "data_index.txt").write_text("\n".join(index), encoding="utf-8")


def sentiraama_lines(folder: Path, size: int) -> Iterator[str]:
    """Write one file of reviews a class and yield the index: their lines, and the file of each."""
    folder.mkdir(parents=True, exist_ok=True)
    lines: dict[str, list[str]] = {"positive": [], "negative": []}
    for split in SPLITS:
        places = []
        for record in reviews("te", split, size, SEED):
            label, text = record["label"], record["text"]
            places.append((len(lines[label]), f"product_{label[:3]}.txt"))
            lines[label].append(text)
        numbers, names = zip(*places, strict=True)
        yield f"# tir {split} index and file\n{list(numbers)}\n{list(names)}\n"
    for label, texts in lines.items():
        (folder / f"product_{label[:3]}.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")


def sentipers_rows(folder: Path, size: int) -> Iterator[str]:
    """Write the workbook and yield the index of its rows.

    Each split has an entry without a row, as the real ones have, and one of a neutral row with a polar duplicate.
    """
    folder.mkdir(parents=True, exist_ok=True)
    book = openpyxl.Workbook()
    book.active.append(sentipers.HEADING)
    for split in SPLITS:
        records, first = reviews("fa", split, size, SEED), book.active.max_row - 1
        marks = [("+" if r["label"] == "positive" else "-") + "12"[n % 2] for n, r in enumerate(records)]
        rows = [(records[0]["text"], "0"), *((r["text"], mark) for r, mark in zip(records, marks, strict=True))]
        for number, (text, mark) in enumerate(rows, first):
            book.active.append((number, f"{number}-0", text, mark, "made-up.xml"))
        yield f"# fa {split} index\n{[first, None, *range(first + 2, first + len(rows))]}\n"
    book.save(folder / "sentipers.xlsx")


def write_encoder(folder: Path, hub_id: str, family: str) -> None:
    """Write an encoder of random weights that knows the words of the corpora in `folder`, and what could run code.

    The weights bear the names that the real files have. Whoever unpickles pytorch_model.bin, or runs the code that
    config.json's auto_map names, makes `sentinel(folder)`.
    """
    model = folder / "models" / hub_id
    model.parent.mkdir(parents=True, exist_ok=True)
    with mock.patch.object(conftest, "WORDS", words(folder)):
        conftest.make_encoder(model, family, layers=12, dropout=0.1)
    rename_and_lengthen(model / "model.safetensors", family)
    config = json.loads((model / "config.json").read_text()) | {
        "architectures": ["XLMRobertaForMaskedLM" if family == "xlm-roberta" else "BertForMaskedLM"],
        "max_position_embeddings": POSITIONS[family],
        "auto_map": {"AutoConfig": "modeling_mine.Config", "AutoModel": "modeling_mine.Model"},
    }
    (model / "config.json").write_text(json.dumps(config))
    kinds = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 512, "pad_token": "<pad>"}
    (model / "tokenizer_config.json").write_text(json.dumps(kinds))
    code = f"from pathlib import Path\n\nPath({str(sentinel(folder))!r}).touch()\n"
    (model / "modeling_mine.py").write_text(code)
    torch.save({"weight": Trap(code)}, model / "pytorch_model.bin")


def rename_and_lengthen(path: Path, family: str) -> None:
    """Give a weights file the real one's names (mBERT's still call a norm's weight gamma) and its positions."""
    weights = load_file(path)
    name = "embeddings.position_embeddings.weight"
    weights[name] = torch.randn(POSITIONS[family], weights[name].shape[1])
    prefix = "roberta." if family == "xlm-roberta" else "bert."
    renamed = {prefix + name: value for name, value in weights.items()}
    if family == "bert":
        for ours, theirs in (("LayerNorm.weight", "LayerNorm.gamma"), ("LayerNorm.bias", "LayerNorm.beta")):
            renamed = {name.replace(ours, theirs): value for name, value in renamed.items()}
    save_file(renamed, path, {"format": "pt"})


class Trap:
    """Runs its code when it is unpickled."""

    def __init__(self, code: str):
        self.code = code

    def __reduce__(self) -> tuple:
        return exec, (self.code,)


def sentinel(folder: Path) -> Path:
    """Return what exists as soon as code of a repository has run."""
    return folder.resolve() / "code-of-a-repository-was-run"


def words(folder: Path) -> list[str]:
    """Return the words of all corpora in `folder`, as the tokenizers of tests/conftest.py split them."""
    split = pre_tokenizers.Whitespace().pre_tokenize_str
    return sorted({word for text in texts(folder) for word, _ in split(text)})


def texts(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*.parquet"):
        table = pq.read_table(path).to_pydict()
        yield from table.get("text", [])
        yield from (token for tokens in table.get("tokens", []) for token in tokens)
    for path in folder.rglob("product_*.txt"):
        yield path.read_text(encoding="utf-8")
    for path in folder.rglob("sentipers.xlsx"):
        yield from (row[2] for row in openpyxl.load_workbook(path).active.iter_rows(values_only=True))


def revisions(workflow: Path) -> dict[str, str]:
    """Return the commit of every repository that the registry and the paper's preset pin, for `Loopback`."""
    corpora = read_yaml(workflow / "data" / "registry.yaml")["corpora"].values()
    encoders = read_yaml(workflow / "presets" / "paper.yaml")["encoders"].values()
    pinned = {corpus["repo"]: corpus["revision"] for corpus in corpora if corpus["kind"] == "hub"}
    return pinned | {encoder["hub"]: encoder["revision"] for encoder in encoders}


def registry_of(folder: Path, workflow: Path) -> str:
    """Return the registry with sizes and checksums of what is in `folder`: the real ones would refuse it."""
    registry = read_yaml(workflow / "data" / "registry.yaml")
    for name, corpus in registry["corpora"].items():
        if corpus["kind"] == "files" and (folder / "files" / name).is_dir():
            for file, facts in corpus["files"].items():
                body = (folder / "files" / name / file).read_bytes()
                corpus["files"][file] = facts | {"sha256": sha256(body).hexdigest(), "bytes": len(body)}
        for item in corpus.get("sha256", {}) if corpus["kind"] == "hub" else {}:
            language, file = item.split("/")
            path = folder / "datasets" / corpus["repo"] / language / f"{Path(file).stem}-00000-of-00001.parquet"
            corpus["sha256"][item] = sha256(path.read_bytes() if path.is_file() else b"").hexdigest()
    return yaml.safe_dump(registry, allow_unicode=True, sort_keys=False)


def read_yaml(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
