"""Pre-train a tiny encoder of XLM-R's shape by masked language modelling, for offline demonstrations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence
from transformers.models.xlm_roberta import XLMRobertaConfig, XLMRobertaForMaskedLM

from metaxl.demo.tokenizer import PAD_ID, SPECIALS, encode, train_tokenizer, wrap
from metaxl.errors import DataError

_POOL = 32  # number of batches that are sorted by length together, so that each needs little padding
_IGNORED = -100


@dataclass(frozen=True, slots=True)
class EncoderShape:
    """The size of an encoder; `vocabulary` is an upper bound, `max_positions` counts the two that XLM-R never uses."""

    layers: int
    hidden: int
    heads: int
    intermediate: int
    vocabulary: int
    max_positions: int = 258


@dataclass(frozen=True, slots=True)
class PretrainSettings:
    """How long and how fast to pre-train."""

    steps: int
    batch_size: int
    learning_rate: float
    warmup: float = 0.1  # share of the steps
    mask_rate: float = 0.15
    weight_decay: float = 0.01


def pretrain(
    texts: list[str], out: Path, shape: EncoderShape, settings: PretrainSettings, seed: int
) -> dict[str, float]:
    """Train a tokenizer and an encoder and write both as a Hugging Face folder.

    The same arguments give the same bytes when torch runs on one CPU thread; the caller's random state is kept.

    Args:
        texts: a sentence or a short review each.
        out: the folder to fill.
        shape: the encoder's size.
        settings: how to train it.
        seed: of the weights, the order of the texts and the masks.

    Returns:
        The facts of the training, by name: the mean loss of the last 50 steps, sizes and counts.

    Raises:
        DataError: there is no text.
    """
    if not any(text.strip() for text in texts):
        raise DataError("cannot pre-train an encoder: the text is empty; give at least some hundred sentences")
    tokenizer = train_tokenizer(texts, shape.vocabulary)
    rows = [torch.tensor(ids) for ids in encode(tokenizer, texts, shape.max_positions - 2)]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = XLMRobertaForMaskedLM(_config(shape, tokenizer.get_vocab_size()))
        losses = _fit(model, rows, settings, torch.Generator().manual_seed(seed))
    model.roberta.save_pretrained(out)
    wrap(tokenizer, shape.max_positions - 2).save_pretrained(out)
    return {
        "steps": settings.steps,
        "loss": sum(losses[-50:]) / len(losses[-50:]),
        "vocabulary": tokenizer.get_vocab_size(),
        "sentences": len(rows),
        "parameters": sum(weight.numel() for weight in model.roberta.parameters()),
    }


def mask_tokens(
    ids: torch.Tensor, rate: float, vocabulary: int, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Choose tokens to predict; return the ids with those masked, and their labels, both (batch, length).

    Of the chosen tokens 80 % become <mask>, 10 % a random token, and 10 % stay (Devlin et al. 2019, section 3.1). The
    labels of all other tokens are -100.
    """
    chance = torch.rand(ids.shape, generator=generator)
    chosen = (ids >= SPECIALS) & (chance < rate)
    labels = ids.masked_fill(~chosen, _IGNORED)
    random_ids = torch.randint(SPECIALS, vocabulary - 1, ids.shape, generator=generator)
    masked = ids.masked_fill(chosen & (chance < 0.8 * rate), vocabulary - 1)
    return torch.where(chosen & (chance >= 0.9 * rate), random_ids, masked), labels


def masked_loss(model: XLMRobertaForMaskedLM, ids: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the mean loss; only the hidden states of the chosen tokens are projected to the vocabulary."""
    hidden = model.roberta(input_ids=ids, attention_mask=(ids != PAD_ID).long()).last_hidden_state
    chosen = labels != _IGNORED
    return cross_entropy(model.lm_head(hidden[chosen]), labels[chosen])


def _fit(
    model: XLMRobertaForMaskedLM,
    rows: list[torch.Tensor],
    settings: PretrainSettings,
    generator: torch.Generator,
) -> list[float]:
    """Train a model in place and return the loss of every step."""
    optimizer = torch.optim.AdamW(
        model.parameters(), settings.learning_rate, betas=(0.9, 0.98), weight_decay=settings.weight_decay
    )
    warmup = max(1, round(settings.warmup * settings.steps))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min((step + 1) / warmup, (settings.steps - step) / max(1, settings.steps - warmup)),
    )
    model.eval()  # dropout would cost a fifth of the time, and so small a model is far from overfitting
    losses, batches = [], _batches(rows, settings.batch_size, generator)
    for _ in range(settings.steps):
        ids, labels = mask_tokens(next(batches), settings.mask_rate, model.config.vocab_size, generator)
        if (labels == _IGNORED).all():
            continue  # no token was chosen, so there is no loss
        loss = masked_loss(model, ids, labels)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return losses


def _batches(rows: list[torch.Tensor], size: int, generator: torch.Generator) -> Iterator[torch.Tensor]:
    """Yield padded batches for ever, shape (batch, length); the rows of a batch are about equally long."""
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
