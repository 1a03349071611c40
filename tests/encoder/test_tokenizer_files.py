"""An encoder folder without tokenizer.json, and the tokenizer beside a saved model."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from conftest import make_encoder
from families import make_family
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
from transformers import AutoTokenizer

from metaxl.data.encode import load_tokenizer
from metaxl.encoder.packed import open_network, save_model
from metaxl.encoder.prepare import prepare_encoder
from metaxl.encoder.tokenizer_files import convert_tokenizer, save_tokenizer
from metaxl.errors import EncoderError
from metaxl.files import read_json, write_json
from metaxl.tasks import NER, TASKS

TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hello", "world", "##s"]


def without_tokenizer(folder, kind="electra", vocabulary=8):
    make_family(folder, kind, vocab_size=vocabulary, pad_token_id=0, type_vocab_size=2)
    (folder / "tokenizer.json").unlink()
    return folder


def test_a_vocabulary_is_converted(tmp_path):
    folder = without_tokenizer(tmp_path / "user")
    (folder / "vocab.txt").write_text("\n".join(TOKENS) + "\n", encoding="utf-8")
    prepare_encoder({"folder": str(folder)}, tmp_path / "encoder")
    encoding = load_tokenizer(tmp_path / "encoder").encode(["Hello", "worlds"], is_pretokenized=True)
    assert encoding.tokens == ["[CLS]", "hello", "world", "##s", "[SEP]"]


def test_a_folder_without_any_vocabulary_is_refused(tmp_path):
    """Of nothing transformers makes a tokenizer of special tokens, under which every word would be unknown."""
    folder = without_tokenizer(tmp_path / "user", vocabulary=300)
    with pytest.raises(EncoderError, match=r"user: no tokenizer\.json, and no vocabulary of which to make one"):
        prepare_encoder({"folder": str(folder)}, tmp_path / "encoder")
    (folder / "vocab.json").write_text("{}", encoding="utf-8")
    with pytest.raises(
        EncoderError, match=r"user: no tokenizer\.json, and .* makes a tokenizer of 5 tokens, where .* 300"
    ):
        prepare_encoder({"folder": str(folder)}, tmp_path / "encoder")
    assert not (tmp_path / "encoder").exists()


def test_a_vocabulary_that_cannot_be_converted_is_refused(tmp_path):
    folder = without_tokenizer(tmp_path / "user", "deberta-v2")
    (folder / "spm.model").write_bytes(b"no sentencepiece model")
    with pytest.raises(EncoderError, match=r"user: no tokenizer\.json, and "):
        prepare_encoder({"folder": str(folder)}, tmp_path / "encoder")


def test_a_sentencepiece_model_is_converted(tmp_path):
    """As DeBERTa's multilingual encoder comes; the pieces are sentencepiece's own."""
    import sentencepiece

    words = [f"{first}{middle}{last}" for first in "bdgkm" for middle in ("a", "ei") for last in ("r", "stan", "lu")]
    folder, text = without_tokenizer(tmp_path / "user", "deberta-v2"), tmp_path / "text"
    write_json(folder / "config.json", read_json(folder / "config.json") | {"vocab_size": 40})
    text.write_text("\n".join(" ".join(words[i:] + words[:i]) for i in range(len(words))))
    specials = {"pad": "[PAD]", "bos": "[CLS]", "eos": "[SEP]", "unk": "[UNK]"}
    sentencepiece.SentencePieceTrainer.train(
        **{"input": str(text), "model_prefix": str(folder / "spm"), "vocab_size": 30, "minloglevel": 2},
        **{f"{name}_id": number for number, name in enumerate(specials)},
        **{f"{name}_piece": piece for name, piece in specials.items()},
    )
    convert_tokenizer(folder, tmp_path / "tokenizer.json")
    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    text = " ".join(words[3:9])
    theirs = sentencepiece.SentencePieceProcessor(model_file=str(folder / "spm.model")).encode(text, out_type=str)
    assert tokenizer.encode(text).tokens == ["[CLS]", *theirs, "[SEP]"]


@pytest.mark.parametrize("task", ["ner", "sentiment"])
@pytest.mark.parametrize("kind", ["xlm-roberta", "distilbert", "eurobert"])
def test_auto_tokenizer_gives_what_training_saw(tmp_path, kind, task):
    """A normalizer of the file's own stays, whatever class or switch tokenizer_config.json names."""
    folder = make_family(tmp_path / "encoder", kind)
    path = folder / "tokenizer.json"
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.normalizer = normalizers.Sequence([tokenizer.normalizer, normalizers.Replace("ß", "w1")])
    tokenizer.save(str(path))
    written = {
        "tokenizer_class": "XLMRobertaTokenizer",
        "add_bos_token": True,
        "model_max_length": 38,
        "unk_token": "<unk>",
    }
    write_json(folder / "tokenizer_config.json", written)
    (tmp_path / "model").mkdir()
    save_tokenizer(folder, tmp_path / "model", TASKS[task])
    loaded = AutoTokenizer.from_pretrained(tmp_path / "model")
    text = "ß w2s nothing \u200bw3"
    assert loaded(text)["input_ids"] == load_tokenizer(folder, task).encode(text).ids
    assert loaded.model_max_length == 38
    batch = loaded([text, "w1"], padding=True)
    assert set(batch) == {"input_ids", "attention_mask"}
    assert batch["input_ids"][1] == [0, 5, 2, *[1] * (len(batch["input_ids"][0]) - 3)]


def spaces(pre_tokenizer, normalizer=None):
    """Return a tokenizer of the words a and b, which after a space are other tokens than after a letter."""
    vocabulary = ["<s>", "<pad>", "</s>", "a", "b", "Ġ", "▁", "Ġa", "Ġb", "▁a", "▁b", "ab"]
    merges = [(space, letter) for space in "Ġ▁" for letter in "ab"] + [("a", "b")]
    tokenizer = Tokenizer(models.BPE({token: number for number, token in enumerate(vocabulary)}, merges))
    tokenizer.pre_tokenizer, tokenizer.normalizer = pre_tokenizer, normalizer or normalizers.Sequence([])
    return tokenizer


@pytest.mark.parametrize(
    ("tokenizer", "mark"),
    [
        (spaces(pre_tokenizers.ByteLevel(add_prefix_space=False)), "Ġ"),
        (spaces(pre_tokenizers.ByteLevel(add_prefix_space=True)), "Ġ"),
        (
            spaces(
                pre_tokenizers.Sequence(
                    [
                        pre_tokenizers.Split(Regex(r"\s?\w+"), "isolated"),
                        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
                    ]
                )
            ),
            "Ġ",
        ),
        (spaces(pre_tokenizers.Split(" ", "merged_with_previous"), normalizers.Replace(" ", "▁")), "▁"),
        (spaces(pre_tokenizers.Metaspace()), "▁"),
        (spaces(pre_tokenizers.Whitespace()), ""),
    ],
    ids=[
        "byte-level",
        "byte-level with a space",
        "byte-level after a split",
        "spaces replaced",
        "metaspace",
        "whitespace",
    ],
)
def test_words_of_a_list_and_of_a_saved_models_text_are_equal(tmp_path, tokenizer, mark):
    """Each word, also the first, counts as one that follows a space: in training, and for AutoTokenizer on text."""
    folder = make_family(tmp_path / "encoder", "modernbert")
    tokenizer.save(str(folder / "tokenizer.json"))
    write_json(folder / "tokenizer_config.json", {"add_prefix_space": False})
    (tmp_path / "model").mkdir()
    save_tokenizer(folder, tmp_path / "model", NER)
    ours = load_tokenizer(folder, "ner").encode(["ab", "b", "a"], is_pretokenized=True)
    assert ours.tokens[-2:] == [f"{mark}b", f"{mark}a"]
    assert AutoTokenizer.from_pretrained(tmp_path / "model")("ab b a")["input_ids"] == ours.ids
    assert load_tokenizer(folder, "sentiment").encode("b a").ids == tokenizer.encode("b a").ids


def test_the_packed_encoders_save_it_too(tmp_path):
    folder, rows, generator = make_encoder(tmp_path / "encoder", "xlm-roberta"), np.arange(65), torch.Generator()
    _, theta = open_network(folder, NER, NER.label_set(NER.usual), rows, generator)
    save_model(tmp_path / "model", folder, NER, NER.label_set(NER.usual), theta, rows, {})
    text = "w1s w2 \u200bw3"
    assert (
        AutoTokenizer.from_pretrained(tmp_path / "model")(text)["input_ids"] == load_tokenizer(folder).encode(text).ids
    )
