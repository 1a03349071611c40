"""How large an encoder is, as far as it is known before it lies on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from metaxl.encoder.open import WRAPPED, network_module, read_config
from metaxl.planning.encoders import EncoderPlan


@dataclass(frozen=True, slots=True)
class Geometry:
    """The sizes of an encoder that its costs depend on.

    Attributes:
        layers: transformer blocks.
        hidden: the width of the states.
        intermediate: the inner width of each block.
        heads: attention heads.
        vocabulary: rows of the word embedding.
        padded: whether batches are padded to their longest example, as for encoders that transformers' modules serve.
    """

    layers: int
    hidden: int
    intermediate: int
    heads: int
    vocabulary: int
    padded: bool = False

    @property
    def block_weights(self) -> int:
        """The weights of one block's linear maps: query, key, value and output, and both maps between the widths."""
        return 4 * self.hidden**2 + 2 * self.hidden * self.intermediate

    @property
    def parameters(self) -> int:
        """The encoder's parameters, but for biases, norms and positions."""
        return self.vocabulary * self.hidden + self.layers * self.block_weights


XLMR_BASE = Geometry(layers=12, hidden=768, intermediate=3072, heads=12, vocabulary=250_002)


def geometry_of(encoders: EncoderPlan, name: str) -> Geometry:
    """Return the geometry of an encoder; one of the hub counts as XLM-R base until it has come.

    Raises:
        ConfigError: the configuration has no such encoder.
        DataError: its config.json is no JSON.
        EncoderError: its folder has no encoder's config.json.
    """
    pretrain = encoders.find(name).get("pretrain")
    if pretrain:
        sizes = {key: pretrain[key] for key in ("layers", "hidden", "intermediate", "heads", "vocabulary")}
        return Geometry(**sizes)
    folder = encoders.at_hand(name)
    if folder is None or not (folder / "config.json").is_file():
        return XLMR_BASE
    return _of_config(read_config(folder), network_module(folder) == WRAPPED)


def _of_config(config: dict[str, Any], padded: bool) -> Geometry:
    """Return the geometry that a config.json describes, whose keys differ between families."""
    hidden = _first(config, XLMR_BASE.hidden, "hidden_size", "dim", "d_model")
    return Geometry(
        layers=_first(config, XLMR_BASE.layers, "num_hidden_layers", "n_layers"),
        hidden=hidden,
        intermediate=_first(config, 4 * hidden, "intermediate_size", "hidden_dim"),
        heads=_first(config, XLMR_BASE.heads, "num_attention_heads", "n_heads"),
        vocabulary=_first(config, XLMR_BASE.vocabulary, "vocab_size"),
        padded=padded,
    )


def _first(config: dict[str, Any], otherwise: int, *keys: str) -> int:
    found = (config[key] for key in keys if type(config.get(key)) is int and config[key] > 0)
    return next(found, otherwise)
