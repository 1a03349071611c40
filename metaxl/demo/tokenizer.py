"""Train a tokenizer of XLM-R's kind: its special tokens, ids and word boundary sign."""

from __future__ import annotations

import json
import os
from unittest.mock import patch

from tokenizers import Regex, Tokenizer
from tokenizers.models import Unigram
from tokenizers.normalizers import NFKC, Replace, Sequence
from tokenizers.pre_tokenizers import Metaspace
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import UnigramTrainer
from transformers import PreTrainedTokenizerFast

BOS, PAD, EOS, UNK, MASK = "<s>", "<pad>", "</s>", "<unk>", "<mask>"
PAD_ID, SPECIALS = 1, 4  # XLM-R's ids: <s> 0, <pad> 1, </s> 2, <unk> 3, and <mask> last
_ZERO_WIDTH = "[\u200b-\u200f\u2060\ufeff]"


def train_tokenizer(texts: list[str], vocabulary: int, longest: int) -> PreTrainedTokenizerFast:
    """Train a Unigram tokenizer of at most `vocabulary` pieces, for inputs of at most `longest` subwords.

    Equal texts give equal bytes.
    """
    tokenizer = Tokenizer(Unigram())
    tokenizer.normalizer = Sequence([Replace(Regex(_ZERO_WIDTH), ""), NFKC()])
    tokenizer.pre_tokenizer = Metaspace()
    trainer = UnigramTrainer(
        vocab_size=vocabulary - 1, special_tokens=[BOS, PAD, EOS, UNK], unk_token=UNK, show_progress=False
    )
    with patch.dict(os.environ, TOKENIZERS_PARALLELISM="false"):  # its parallel sums differ from run to run
        tokenizer.train_from_iterator(texts, trainer)
    tokenizer.model = _settled(tokenizer)
    tokenizer.add_special_tokens([MASK])
    tokenizer.post_processor = TemplateProcessing(
        single=f"{BOS} $A {EOS}",
        pair=f"{BOS} $A {EOS} {EOS} $B {EOS}",
        special_tokens=[(BOS, 0), (EOS, 2)],
    )
    names = {"bos": BOS, "cls": BOS, "pad": PAD, "eos": EOS, "sep": EOS, "unk": UNK, "mask": MASK}
    tokens = {f"{name}_token": token for name, token in names.items()}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=longest, **tokens)


def _settled(tokenizer: Tokenizer) -> Unigram:
    """Return the trained model without what depends on the order of a hash map.

    The order shows in the last digits of all scores, so these are rounded off. It also shows in the scores of rare
    letters: the trainer gives each letter that no piece needs a score of its own, 0.0001 apart, from the lowest score
    of a longer piece upwards. Here all these letters get that lowest score.
    """
    pieces = [(piece, round(score, 6)) for piece, score in json.loads(tokenizer.to_str())["model"]["vocab"]]
    specials, learnt = pieces[:SPECIALS], pieces[SPECIALS:]
    lowest = min((score for piece, score in learnt if len(piece) > 1), default=0.0)
    spared = lowest + 0.0001 * (1 + sum(len(piece) == 1 for piece, _ in learnt))
    settled = [(piece, lowest if len(piece) == 1 and score < spared else score) for piece, score in learnt]
    return Unigram(specials + sorted(settled, key=lambda entry: (-entry[1], entry[0])), unk_id=SPECIALS - 1)
