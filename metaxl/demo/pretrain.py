"""Pre-train a tiny encoder of XLM-R's shape by masked language modelling, for offline demonstrations."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer
from tokenizers.models import Unigram
from tokenizers.normalizers import NFKC, Replace, Sequence
from tokenizers.pre_tokenizers import Metaspace
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import UnigramTrainer
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedTokenizerFast
from transformers.models.xlm_roberta import XLMRobertaConfig, XLMRobertaForMaskedLM

from metaxl.errors import DataError

BOS, PAD, EOS, UNK, MASK = "<s>", "<pad>", "</s>", "<unk>", "<mask>"
PAD_ID, SPECIALS = 1, 4  # XLM-R's ids: <s> 0, <pad> 1, </s> 2, <unk> 3, and <mask> last
_ZERO_WIDTH = "[\u200b-\u200f\u2060\ufeff]"
_POOL = 32  # batches that are sorted by length together, so that a batch needs little padding
_IGNORED = -100


@dataclass(frozen=True, slots=True)
class EncoderShape:
    """Size an encoder; `vocabulary` is an upper bound, `max_positions` counts XLM-R's two unused ones."""

    layers: int = 4
    hidden: int = 64
    heads: int = 4
    intermediate: int = 256
    vocabulary: int = 4000
    max_positions: int = 258


@dataclass(frozen=True, slots=True)
class PretrainSettings:
    """Set how long and how fast to pre-train."""

    steps: int = 1500
    batch_size: int = 64
    learning_rate: float = 3e-3
    warmup: float = 0.1  # share of the steps
    mask_rate: float = 0.15
    weight_decay: float = 0.01


def pretrain(
    texts: list[str], out: Path, shape: EncoderShape, settings: PretrainSettings, seed: int
) -> dict[str, float]:
    """Train a tokenizer and an encoder, write both as a Hugging Face folder, and return the facts.

    The same arguments give the same bytes when torch runs on one CPU thread; the caller's random
    state is kept.
    Raises DataError when there is no text.
    """
    if not any(text.strip() for text in texts):
        raise DataError("cannot pre-train an encoder: the text is empty; give at least some hundred sentences")
    started = time.perf_counter()
    tokenizer = train_tokenizer(texts, shape.vocabulary)
    rows = encode(tokenizer, texts, shape.max_positions - 2)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = XLMRobertaForMaskedLM(_config(shape, tokenizer.get_vocab_size()))
        losses = _fit(model, rows, settings, torch.Generator().manual_seed(seed))
    model.roberta.save_pretrained(out)
    _wrap(tokenizer, shape.max_positions - 2).save_pretrained(out)
    return {
        "steps": settings.steps,
        "loss": sum(losses[-50:]) / len(losses[-50:]),
        "seconds": time.perf_counter() - started,
        "vocabulary": tokenizer.get_vocab_size(),
        "sentences": len(rows),
        "parameters": sum(weight.numel() for weight in model.roberta.parameters()),
    }


def train_tokenizer(texts: list[str], vocabulary: int) -> Tokenizer:
    """Train a Unigram tokenizer with XLM-R's special tokens, ids and word boundary sign."""
    tokenizer = Tokenizer(Unigram())
    tokenizer.normalizer = Sequence([Replace(Regex(_ZERO_WIDTH), ""), NFKC()])
    tokenizer.pre_tokenizer = Metaspace()
    trainer = UnigramTrainer(
        vocab_size=vocabulary - 1, special_tokens=[BOS, PAD, EOS, UNK], unk_token=UNK, show_progress=False
    )
    with _one_thread():
        tokenizer.train_from_iterator(texts, trainer)
    tokenizer.model = _settled(tokenizer)
    tokenizer.add_special_tokens([MASK])
    tokenizer.post_processor = TemplateProcessing(
        single=f"{BOS} $A {EOS}",
        pair=f"{BOS} $A {EOS} {EOS} $B {EOS}",
        special_tokens=[(BOS, 0), (EOS, 2)],
    )
    return tokenizer


def _settled(tokenizer: Tokenizer) -> Unigram:
    """Return the trained model without the traces of hash-map order.

    Those are the last digits of all scores, and the scores of rare letters:
    the trainer gives letters that no piece needed a score each, 0.0001 apart, from the lowest on.
    Here they all get the lowest.
    """
    pieces = [(piece, round(score, 6)) for piece, score in json.loads(tokenizer.to_str())["model"]["vocab"]]
    specials, learnt = pieces[:SPECIALS], pieces[SPECIALS:]
    lowest = min((score for piece, score in learnt if len(piece) > 1), default=0.0)
    spared = lowest + 0.0001 * (1 + sum(len(piece) == 1 for piece, _ in learnt))
    settled = [(piece, lowest if len(piece) == 1 and score < spared else score) for piece, score in learnt]
    return Unigram(specials + sorted(settled, key=lambda entry: (-entry[1], entry[0])), unk_id=SPECIALS - 1)


def encode(tokenizer: Tokenizer, texts: list[str], longest: int) -> list[torch.Tensor]:
    """Return the ids of each text, shape (length,), cut at `longest`."""
    with _one_thread():
        return [torch.tensor(encoding.ids[:longest]) for encoding in tokenizer.encode_batch(texts)]


def mask_tokens(
    ids: torch.Tensor, rate: float, vocabulary: int, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ids with some replaced, and labels that are -100 elsewhere, both (batch, length).

    Of the chosen tokens 80 % become <mask>, 10 % a random token, 10 % stay (Devlin et al. 2019, section 3.1).
    """
    chance = torch.rand(ids.shape, generator=generator)
    chosen = (ids >= SPECIALS) & (chance < rate)
    labels = ids.masked_fill(~chosen, _IGNORED)
    random_ids = torch.randint(SPECIALS, vocabulary - 1, ids.shape, generator=generator)
    masked = ids.masked_fill(chosen & (chance < 0.8 * rate), vocabulary - 1)
    return torch.where(chosen & (chance >= 0.9 * rate), random_ids, masked), labels


def masked_loss(model: XLMRobertaForMaskedLM, ids: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the mean loss, projecting to the vocabulary only where something is masked."""
    hidden = model.roberta(input_ids=ids, attention_mask=(ids != PAD_ID).long()).last_hidden_state
    chosen = labels != _IGNORED
    return cross_entropy(model.lm_head(hidden[chosen]), labels[chosen])


def _fit(
    model: XLMRobertaForMaskedLM,
    rows: list[torch.Tensor],
    settings: PretrainSettings,
    generator: torch.Generator,
) -> list[float]:
    """Train in place and return the loss of every step."""
    optimizer = torch.optim.AdamW(
        model.parameters(), settings.learning_rate, betas=(0.9, 0.98), weight_decay=settings.weight_decay
    )
    warmup = max(1, round(settings.warmup * settings.steps))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min((step + 1) / warmup, (settings.steps - step) / max(1, settings.steps - warmup)),
    )
    model.eval()  # no dropout: it costs a fifth of the time, and so small a model is far from overfitting
    losses, batches = [], _batches(rows, settings.batch_size, generator)
    for _ in range(settings.steps):
        ids, labels = mask_tokens(next(batches), settings.mask_rate, model.config.vocab_size, generator)
        if (labels == _IGNORED).all():
            continue  # nothing was masked: there is no loss
        loss = masked_loss(model, ids, labels)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return losses


def _batches(rows: list[torch.Tensor], size: int, generator: torch.Generator) -> Iterator[torch.Tensor]:
    """Yield padded batches for ever, shape (batch, length), each of rows of about the same length."""
    while True:
        order = torch.randperm(len(rows), generator=generator).tolist()
        for first in range(0, len(order), size * _POOL):
            pool = sorted(order[first : first + size * _POOL], key=lambda row: len(rows[row]))
            chunks = [pool[start : start + size] for start in range(0, len(pool), size)]
            for index in torch.randperm(len(chunks), generator=generator).tolist():
                yield pad_sequence([rows[row] for row in chunks[index]], batch_first=True, padding_value=PAD_ID)


def _config(shape: EncoderShape, vocabulary: int) -> XLMRobertaConfig:
    """Return the model configuration of a shape."""
    return XLMRobertaConfig(
        vocab_size=vocabulary,
        num_hidden_layers=shape.layers,
        hidden_size=shape.hidden,
        num_attention_heads=shape.heads,
        intermediate_size=shape.intermediate,
        hidden_dropout_prob=0.0,  # as in pre-training
        attention_probs_dropout_prob=0.0,
        max_position_embeddings=shape.max_positions,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
    )


def _wrap(tokenizer: Tokenizer, longest: int) -> PreTrainedTokenizerFast:
    """Return the tokenizer as transformers saves it."""
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=longest,
        bos_token=BOS,
        cls_token=BOS,
        pad_token=PAD,
        eos_token=EOS,
        sep_token=EOS,
        unk_token=UNK,
        mask_token=MASK,
    )


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep `tokenizers` on one thread: its parallel sums differ from run to run."""
    before = os.environ.get("TOKENIZERS_PARALLELISM")
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    try:
        yield
    finally:
        if before is None:
            del os.environ["TOKENIZERS_PARALLELISM"]
        else:
            os.environ["TOKENIZERS_PARALLELISM"] = before
