"""The demo's encoder: a tiny one of XLM-R's shape, pre-trained by masked language modelling."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence
from transformers.models.xlm_roberta import XLMRobertaConfig, XLMRobertaForMaskedLM

from metaxl.demo.languages.text import unlabelled_text
from metaxl.demo.tokenizer import PAD_ID, SPECIALS, train_tokenizer
from metaxl.errors import DataError, EncoderError

log = logging.getLogger(__name__)

LONGEST = 256  # subwords of an input
_WARMUP = 0.1  # share of the steps
_MASK_RATE = 0.15
_POOL = 32  # number of batches that are sorted by length together, so that each needs little padding
_IGNORED = -100
_TOLD = 20  # number of lines about a training while it goes on


def make_encoder(spec: dict[str, Any], out: Path, name: str) -> dict[str, float]:
    """Pre-train an encoder on text of the source languages and a trace of text of the targets.

    Args:
        spec: {"pretrain", "sources", "targets", "seed"}; the configuration's schema describes "pretrain".
        out: the folder to fill.
        name: the encoder's, in the configuration.

    Returns:
        The facts of the training, by name.

    Raises:
        EncoderError: the training diverges.
    """
    settings = spec["pretrain"]
    counts = dict.fromkeys(spec["sources"], settings["sentences"])
    counts |= dict.fromkeys(spec["targets"], round(settings["sentences"] * settings["trace"]))
    texts = [text for language, count in counts.items() for text in unlabelled_text(language, count, spec["seed"])]
    return pretrain(texts, out, settings, spec["seed"], name)


def pretrain(texts: list[str], out: Path, settings: dict[str, Any], seed: int, name: str) -> dict[str, float]:
    """Train a tokenizer and an encoder on texts and write both as a Hugging Face folder.

    The same arguments give the same bytes when torch runs on one CPU thread; the caller's random state is kept. The
    seed is that of the weights, the order of the texts and the masks. The loss that is returned is the mean of the last
    50 steps.

    Raises:
        DataError: there is no text.
        EncoderError: the training diverges; nothing is written.
    """
    if not any(text.strip() for text in texts):
        raise DataError("cannot pre-train an encoder: the text is empty; give at least some hundred sentences")
    tokenizer = train_tokenizer(texts, settings["vocabulary"], LONGEST)
    encodings = tokenizer.backend_tokenizer.encode_batch(texts)
    rows = [torch.tensor(encoding.ids[:LONGEST]) for encoding in encodings]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = new_model(settings, len(tokenizer))
        losses = _fit(model, rows, settings, torch.Generator().manual_seed(seed))
    if not all(math.isfinite(number) for number in (*losses, *_sums(model))):
        raise EncoderError(
            f"Pre-training of encoder {name!r}: after step {len(losses)} of {settings['steps']} the loss or a weight "
            f"is not finite, so nothing was written; lower encoders.{name}.pretrain.learning_rate, which is "
            f"{settings['learning_rate']:g}."
        )
    model.roberta.save_pretrained(out)
    tokenizer.save_pretrained(out)
    return {
        "steps": settings["steps"],
        "loss": sum(losses[-50:]) / len(losses[-50:]),
        "vocabulary": len(tokenizer),
        "sentences": len(rows),
        "parameters": sum(weight.numel() for weight in model.roberta.parameters()),
    }


def _sums(model: XLMRobertaForMaskedLM) -> list[float]:
    """Return a number of each parameter, in float64, that is finite where all of its numbers are."""
    return [weight.detach().double().sum().item() for weight in model.parameters()]


def new_model(settings: dict[str, Any], vocabulary: int) -> XLMRobertaForMaskedLM:
    """Return a model of random weights."""
    return XLMRobertaForMaskedLM(
        XLMRobertaConfig(
            vocab_size=vocabulary,
            num_hidden_layers=settings["layers"],
            hidden_size=settings["hidden"],
            num_attention_heads=settings["heads"],
            intermediate_size=settings["intermediate"],
            hidden_dropout_prob=0.0,  # as in pre-training
            attention_probs_dropout_prob=0.0,
            max_position_embeddings=LONGEST + 2,  # XLM-R never uses the first two
            type_vocab_size=1,
            layer_norm_eps=1e-5,
        )
    )


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
    model: XLMRobertaForMaskedLM, rows: list[torch.Tensor], settings: dict[str, Any], generator: torch.Generator
) -> list[float]:
    """Train a model in place and return the loss of every step; one that is not finite is the last."""
    steps, rate = settings["steps"], settings["learning_rate"]
    optimizer = torch.optim.AdamW(model.parameters(), rate, betas=(0.9, 0.98), weight_decay=0.01)
    warmup = max(1, round(_WARMUP * steps))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warmup, (steps - step) / max(1, steps - warmup))
    )
    model.eval()  # dropout would cost a fifth of the time, and so small a model is far from overfitting
    losses, batches = [], _batches(rows, settings["batch_size"], generator)
    for step in range(1, steps + 1):
        ids, labels = mask_tokens(next(batches), _MASK_RATE, model.config.vocab_size, generator)
        if (labels == _IGNORED).all():
            continue  # no token was chosen, so there is no loss
        loss = masked_loss(model, ids, labels)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        if step % max(1, steps // _TOLD) == 0:
            log.info("step %d of %d, loss %.2f", step, steps, losses[-1])
        if not math.isfinite(losses[-1]):
            break
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
