"""Laws of pre-training: XLM-R's form, equal bytes for equal seeds, masking keeps its rates."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, XLMRobertaForTokenClassification

from metaxl.demo.encoder import LONGEST, mask_tokens, masked_loss, new_model, pretrain
from metaxl.demo.languages.text import unlabelled_text
from metaxl.demo.tokenizer import PAD_ID, train_tokenizer
from metaxl.errors import DataError, EncoderError

SETTINGS = {"layers": 1, "hidden": 16, "heads": 2, "intermediate": 32, "vocabulary": 400}
SETTINGS |= {"steps": 40, "batch_size": 16, "learning_rate": 1e-2}


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Return a little text in two scripts."""
    return [text for code in ("en", "ka") for text in unlabelled_text(code, 150, 3)]


@pytest.fixture(scope="module")
def folder(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    """Return a pre-trained folder and its facts."""
    torch.set_num_threads(1)
    out = tmp_path_factory.mktemp("encoder")
    return out, pretrain(texts, out, SETTINGS, 5, "tiny")


def test_equal_seeds_give_equal_bytes(folder: tuple[Path, dict], texts: list[str], tmp_path: Path) -> None:
    """Law: every file is a function of the arguments alone; the caller's random state is left as it was."""
    before = torch.random.get_rng_state()
    pretrain(texts, tmp_path, SETTINGS, 5, "tiny")
    assert torch.equal(before, torch.random.get_rng_state())
    first = {path.name: path.read_bytes() for path in folder[0].iterdir()}
    assert first == {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(first) == {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}


def test_the_folder_loads_as_xlm_r(folder: tuple[Path, dict]) -> None:
    """Law: the special ids are XLM-R's, zero-width characters vanish, and a task head fits on top."""
    tokenizer = AutoTokenizer.from_pretrained(folder[0])
    model = XLMRobertaForTokenClassification.from_pretrained(folder[0], num_labels=7)
    ids = tokenizer.convert_tokens_to_ids(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    assert ids == [0, 1, 2, 3, len(tokenizer) - 1]
    assert model.config.vocab_size == len(tokenizer) == folder[1]["vocabulary"]
    batch = tokenizer([["Abo\u200b", "ka", "."]], is_split_into_words=True, return_tensors="pt")
    assert batch["input_ids"][0, 0] == 0
    assert batch["input_ids"][0, -1] == 2
    assert tokenizer(["Abo", "ka", "."], is_split_into_words=True)["input_ids"] == batch["input_ids"][0].tolist()
    assert model(**batch).logits.shape == (1, batch["input_ids"].shape[1], 7)


def test_training_lowers_the_loss(folder: tuple[Path, dict]) -> None:
    """Law: the final loss is below that of a uniform guess."""
    assert folder[1]["steps"] == SETTINGS["steps"]
    assert folder[1]["loss"] < torch.log(torch.tensor(float(folder[1]["vocabulary"]))) - 0.3


def test_masking_spares_the_special_tokens() -> None:
    """Law: 15 % of ordinary tokens are chosen, four fifths of them become <mask>."""
    ids = torch.randint(4, 99, (200, 50), generator=torch.Generator().manual_seed(0))
    ids[:, 0], ids[:, -1] = 0, PAD_ID
    masked, labels = mask_tokens(ids, 0.15, 100, torch.Generator().manual_seed(1))
    chosen = labels != -100
    assert not chosen[:, 0].any()
    assert not chosen[:, -1].any()
    assert torch.equal(labels[chosen], ids[chosen])
    assert torch.equal(masked[~chosen], ids[~chosen])
    assert 0.13 < chosen[:, 1:-1].float().mean() < 0.17
    assert 0.75 < (masked[chosen] == 99).float().mean() < 0.85


def test_the_masked_loss_is_the_full_models(texts: list[str]) -> None:
    """Law: projecting only the masked positions gives the loss that the model itself computes."""
    tokenizer = train_tokenizer(texts, 400, LONGEST)
    model = new_model(SETTINGS, len(tokenizer)).eval()
    ids = torch.tensor([tokenizer.encode(texts[0])])
    masked, labels = mask_tokens(ids, 0.5, len(tokenizer), torch.Generator().manual_seed(0))
    whole = model(input_ids=masked, attention_mask=(masked != PAD_ID).long(), labels=labels).loss
    torch.testing.assert_close(masked_loss(model, masked, labels), whole)


def test_no_text_is_an_error(tmp_path: Path) -> None:
    """Law: empty text is refused with advice."""
    with pytest.raises(DataError, match="hundred sentences"):
        pretrain(["", " "], tmp_path, SETTINGS, 0, "tiny")


@pytest.mark.parametrize(("rate", "steps"), [(1e30, 40), (float("inf"), 40), (float("inf"), 1)])
def test_a_training_that_diverges_names_its_rate_and_writes_nothing(texts, tmp_path, rate, steps) -> None:
    """Law: no encoder whose weights or losses are not finite is written, and the key to change is named."""
    out = tmp_path / "encoder"
    settings = SETTINGS | {"learning_rate": rate, "steps": steps}
    with pytest.raises(
        EncoderError, match=r"'tiny': after step .* lower encoders\.tiny\.pretrain\.learning_rate, which"
    ):
        pretrain(texts[:40], out, settings, 0, "tiny")
    assert not out.exists()
