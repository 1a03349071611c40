"""The demo's encoder: the text that it is pre-trained on, its size and its schedule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from metaxl.demo.languages.text import unlabelled_text
from metaxl.demo.pretrain import EncoderShape, PretrainSettings, pretrain


def make_encoder(spec: dict[str, Any], out: Path) -> dict[str, float]:
    """Pre-train an encoder on text of the source languages and a trace of text of the targets.

    Args:
        spec: {"pretrain", "sources", "targets", "seed"}; the configuration's schema describes "pretrain".
        out: the folder to fill.

    Returns:
        The facts of the training, by name.
    """
    settings = spec["pretrain"]
    counts = dict.fromkeys(spec["sources"], settings["sentences"])
    counts |= dict.fromkeys(spec["targets"], round(settings["sentences"] * settings["trace"]))
    texts = [text for language, count in counts.items() for text in unlabelled_text(language, count, spec["seed"])]
    shape = EncoderShape(
        **{name: settings[name] for name in ("layers", "hidden", "heads", "intermediate", "vocabulary")}
    )
    schedule = PretrainSettings(**{name: settings[name] for name in ("steps", "batch_size", "learning_rate")})
    return pretrain(texts, out, shape, schedule, spec["seed"])
