"""An experiment on somebody's own data, made up: files, an encoder's folder without weights, a configuration."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import yaml
from tokenizers import Tokenizer, models, pre_tokenizers, processors

ROOT = Path(__file__).resolve().parents[2]
NAMES = {"PER": ["Nakato", "Okello"], "LOC": ["Kampala", "Gulu"], "ORG": ["Stanbic", "Umeme"], "CROP": ["matooke"]}
WORDS = ["omu", "abantu", "mu", "ku", "ne", "era", "nga", "okuva", "lwa", "bulungi", "ennyo", "leero"]
MINE = """
preset: paper
name: mine
label: own data
figure: null
seeds: [1]
keep_models: none
encoders: {mine: {folder: my-encoder}}
files: {ner: {lug: data/lug, en: data/en}}
ner:
  encoder: mine
  source: en
  source_size: 40
  placement: [2]
  placements: [[2]]
  training: {max_length: 64, eval_max_length: 128}
  targets: [{language: lug}]
sentiment: {targets: []}
"""


def sentences(count: int, types: tuple[str, ...] = ("PER", "LOC", "ORG"), seed: int = 5) -> list[list[tuple[str, str]]]:
    """Return so many different sentences with one entity each, whose type goes round."""
    rng = random.Random(seed)
    made = []
    for number in range(count):
        kind = types[number % len(types)]
        words = rng.sample(WORDS, 4)
        usual = {"PERSON": "PER"}.get(kind, kind)
        made.append([*((word, "O") for word in words), (rng.choice(NAMES[usual]), f"B-{kind}"), (f"x{number}", "O")])
    return made


def write_conll(path: Path, made: list[list[tuple[str, str]]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join("".join(f"{word}\t{tag}\n" for word, tag in sentence) for sentence in made))


def write_encoder(folder: Path) -> None:
    """Write what is looked at before an encoder is opened: its shape, and a tokenizer of one subword a word."""
    folder.mkdir()
    facts = {"model_type": "xlm-roberta", "num_hidden_layers": 2, "hidden_size": 64, "max_position_embeddings": 130}
    (folder / "config.json").write_text(json.dumps(facts))
    (folder / "model.safetensors").write_bytes(b"0" * 2_000_000)
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "<s>": 1, "</s>": 2}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A </s>", None, [("<s>", 1), ("</s>", 2)])
    tokenizer.save(str(folder / "tokenizer.json"))


def make_place(folder: Path) -> Path:
    """Write an experiment of 30 training, 10 dev and 12 test sentences of lug and 40 of en into a folder."""
    shutil.copy(ROOT / "config.yaml", folder)
    for number, (split, count) in enumerate({"train": 30, "dev": 10, "test": 12}.items()):
        write_conll(folder / "data" / "lug" / f"{split}.tsv", sentences(count, seed=number))
    write_conll(folder / "data" / "en" / "train.tsv", sentences(40, seed=9))
    write_encoder(folder / "my-encoder")
    (folder / "mine.yaml").write_text(MINE)
    return folder


def overlay(folder: Path, **changes: object) -> None:
    """Write changes.yaml, to be laid over mine.yaml."""
    (folder / "changes.yaml").write_text(yaml.safe_dump(changes))
