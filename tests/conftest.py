"""Tiny encoders, tokenizers and encoded data, made in memory: no test needs the network or a file of others."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import torch
from own import make_place

from metaxl.data.encode import Encoded, encode, load_tokenizer
from metaxl.method import tape
from metaxl.tasks import TASKS

WORDS = [f"w{i}" for i in range(60)]
FAMILIES = ("bert", "roberta", "xlm-roberta")
LAYERS = 3

# Where Python keeps nothing of what it compiles, each of hundreds of commands would compile the package anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(autouse=True)
def _own_environment():
    """Take back what a test has left in the environment: transformers' pipelines do, and others would start with it."""
    with patch.dict(os.environ):
        yield


def pytest_configure() -> None:
    torch.set_num_threads(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put whole runs of the workflow first: begun last, they would leave the other processes idle."""
    items.sort(key=lambda item: "/workflow/" not in item.path.as_posix())


def make_tokenizer(folder: Path) -> None:
    """Write a word-level tokenizer that deletes zero-width characters, as XLM-R's does, and splits off "##s"."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    specials = ["<s>", "<pad>", "</s>", "<unk>"]
    vocabulary = {token: i for i, token in enumerate([*specials, *WORDS, "##s"])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Replace(Regex("[\u200b\u200d]"), "")
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))


def make_encoder(folder: Path, family: str, layers: int = LAYERS, dropout: float = 0.0) -> Path:
    """Write an encoder folder of random weights with the transformers classes themselves."""
    from transformers import BertConfig, BertModel, RobertaConfig, RobertaModel, XLMRobertaConfig, XLMRobertaModel

    kinds = {
        "bert": (BertConfig, BertModel),
        "roberta": (RobertaConfig, RobertaModel),
        "xlm-roberta": (XLMRobertaConfig, XLMRobertaModel),
    }
    config_class, model_class = kinds[family]
    torch.manual_seed(0)
    model = model_class(
        config_class(
            vocab_size=len(WORDS) + 5,
            hidden_size=16,
            num_hidden_layers=layers,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=40,
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=dropout,
            initializer_range=0.4,
            type_vocab_size=2 if family == "bert" else 1,
            pad_token_id=1,
        )
    )
    folder.mkdir(exist_ok=True)
    model.save_pretrained(folder)
    make_tokenizer(folder)
    return folder


def sentences(count: int, seed: int) -> list[dict]:
    """Return NER records of 1 to 9 words with random well-formed tags."""
    random = np.random.default_rng(seed)
    records = []
    for number in range(count):
        length = int(random.integers(1, 10))
        tags = ["B-PER", "I-PER", "O", "B-LOC", "O", "B-ORG", "I-ORG", "O", "O"][:length]
        tokens = [str(word) + "s" * int(random.random() < 0.3) for word in random.choice(WORDS, length)]
        records.append({"id": f"s{number}", "tokens": tokens, "tags": tags})
    return records


def reviews(count: int, seed: int) -> list[dict]:
    """Return sentiment records of 2 to 9 words with random labels."""
    random = np.random.default_rng(seed)
    return [
        {
            "id": f"r{number}",
            "text": " ".join(random.choice(WORDS, int(random.integers(2, 10)))),
            "label": ("negative", "positive")[int(random.integers(2))],
        }
        for number in range(count)
    ]


def records_of(task: str, count: int, seed: int) -> list[dict]:
    return sentences(count, seed) if task == "ner" else reviews(count, seed)


def encoded(folder: Path, task: str, count: int, seed: int) -> Encoded:
    return encode(load_tokenizer(folder), task, records_of(task, count, seed), 32, TASKS[task].usual)


@pytest.fixture(params=["matrix", "factors"])
def direction(request, monkeypatch) -> None:
    """How inner products of gradients are taken; by itself each is taken as costs less."""
    monkeypatch.setattr(tape, "factors_cost_less", lambda *_: request.param == "factors")


@pytest.fixture(scope="session")
def encoders(tmp_path_factory) -> dict[str, Path]:
    """One tiny encoder folder a family, without dropout."""
    return {family: make_encoder(tmp_path_factory.mktemp(family), family) for family in FAMILIES}


@pytest.fixture(scope="session")
def place(tmp_path_factory) -> Path:
    """An encoder with dropout, and in its folder the encoded data of a target and a source, for both tasks."""
    folder = make_encoder(tmp_path_factory.mktemp("encoder"), "xlm-roberta", dropout=0.1)
    for task in ("ner", "sentiment"):
        for number, (role, count) in enumerate({"train": 10, "dev": 6, "test": 7, "source": 12}.items()):
            encoded(folder, task, count, seed=number).save(folder / f"{task}-{role}.npz")
    return folder


@pytest.fixture
def own_place(tmp_path, monkeypatch):
    """A folder with an experiment on own data, from which commands run.

    Its encoder has no weights to look at, and every server answers.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("metaxl.planning.encoders.faults_of_encoder", lambda folder, layers, longest: [])
    monkeypatch.setattr("metaxl.planning.inventory.unreachable", lambda hosts: {})
    return make_place(tmp_path)


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Return a function that enters a folder of its own for each experiment."""

    def enter(name):
        folder = tmp_path / str(name)
        folder.mkdir()
        monkeypatch.chdir(folder)

    return enter
