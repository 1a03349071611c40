"""A small world in which the source must be transformed, and can be.

The encoder is a BERT whose word vectors lie around one centre for each type (O, PER, ORG, LOC): types are separable
from the first step, as a pre-trained encoder would have them. Its blocks begin as the identity. Source, target, dev and
test have words of their own, so that nothing is learnt by heart. An RTN after the last block can exchange the types of
the source.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from transformers import BertConfig, BertModel

from metaxl.data.encode import Encoded

HIDDEN = 32
TYPES = np.array([0, 1, 3, 5])  # the classes O, B-PER, B-ORG, B-LOC of the four types of words
POOLS = ("source", "train", "dev", "test")  # of words
WORDS = 400  # of each type in each pool
NOISE = 2.5  # the norm of what sets a word's vector apart from its type's centre, whose norm is 1
FIRST, LAST, SPECIALS = 1, 2, 10
LENGTH = 6  # words of a sentence
SIZES = {"source": 500, "train": 100, "dev": 100, "test": 500}


def write_encoder(folder: Path, layers: int = 1, dropout: float = 0.0) -> None:
    """Write the world's encoder, the same at each call."""
    random = np.random.default_rng(0)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=SPECIALS + len(POOLS) * len(TYPES) * WORDS,
        hidden_size=HIDDEN,
        num_hidden_layers=layers,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
    )
    model = BertModel(config, add_pooling_layer=False)
    centres = random.normal(size=(len(TYPES), HIDDEN))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    vectors = random.normal(size=(config.vocab_size, HIDDEN)) * NOISE / HIDDEN**0.5
    vectors[SPECIALS:] += np.tile(np.repeat(centres, WORDS, axis=0), (len(POOLS), 1))
    with torch.no_grad():
        model.embeddings.word_embeddings.weight.copy_(torch.tensor(vectors))
        model.embeddings.position_embeddings.weight.mul_(0.01)
        model.embeddings.token_type_embeddings.weight.mul_(0.01)
        for block in model.encoder.layer:
            block.attention.output.dense.weight.zero_()
            block.output.dense.weight.zero_()
    model.save_pretrained(folder)


def sentences(role: str, seed: int) -> Encoded:
    """Return a seed's sentences of a role: words of random types, each with the class of its type."""
    random = np.random.default_rng((seed, POOLS.index(role)))
    count = SIZES[role]
    types = random.integers(0, len(TYPES), (count, LENGTH))
    words = random.integers(0, WORDS, (count, LENGTH))
    ids = SPECIALS + ((POOLS.index(role) * len(TYPES)) + types) * WORDS + words
    ends = [np.full((count, 1), special) for special in (FIRST, LAST)]
    classes, bounds = TYPES[types].flatten(), np.arange(0, (count + 1) * LENGTH, LENGTH)
    return Encoded(
        ids=np.hstack([ends[0], ids, ends[1]]).flatten(),
        starts=np.arange(0, (count + 1) * (LENGTH + 2), LENGTH + 2),
        labelled=np.tile(np.arange(1, LENGTH + 1), count),
        labels=classes,
        words=np.tile(np.arange(LENGTH), count),
        label_starts=bounds,
        gold=classes,
        word_starts=bounds,
        names=np.arange(count).astype(str),
        texts=np.zeros(0, dtype=np.uint8),
    )
