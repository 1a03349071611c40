"""README.md in a kept model's folder: its card, in the form that the Hugging Face hub reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from metaxl.data.splitter import Splitter
from metaxl.experiment.layout import PREDICTIONS, SCORES
from metaxl.files import read_json, write_text
from metaxl.reporting.card.about import About
from metaxl.reporting.card.scores import ALL, Score, scores_with_intervals
from metaxl.reporting.card.template import TEMPLATE
from metaxl.reporting.kept import is_kept
from metaxl.reporting.markup import code, markdown
from metaxl.reporting.prediction import Prediction
from metaxl.reporting.records import read_predictions

NAME = "README.md"
NAMES = {"f1": "F1", "strict_f1": "strict F1", "macro_f1": "macro F1"}
PIPELINES = {"token": "token-classification", "sequence": "text-classification"}

IN_BRACKETS = "In brackets the 95 % interval over test sentences of this one model."
WITHOUT = "The predictions behind these scores are not at hand or too few, so there are no intervals."


def write_card(about: About, splitter: Splitter | None, model: Path, record: str, cell: Path) -> None:
    """Write the card of a kept model.

    Args:
        about: what it is made of.
        splitter: how its training data were split into words; None of texts.
        model: its folder.
        record: the name of its record in there.
        cell: the folder of its cell, whose predictions give the intervals where they are the model's own.

    Raises:
        DataError: the predictions are damaged.
    """
    from huggingface_hub import ModelCard  # it writes text; nothing here reaches the hub

    best = read_json(model / record)["best"]
    own = best == read_json(cell / SCORES)["best"] and not is_kept(cell)
    predictions: Sequence[Prediction] = (
        read_predictions(cell / PREDICTIONS, about.task, about.labels)["test"] if own else ()
    )
    scores = scores_with_intervals(about.task, about.labels, best["test"], predictions)
    metadata, texts = _metadata(about, best["test"]), _texts(about, scores, splitter)
    card = ModelCard.from_template(metadata, template_str=TEMPLATE, **texts)
    write_text(model / NAME, str(card).strip() + "\n")


def _metadata(about: About, test: dict[str, Any]) -> Any:
    """Return what the hub reads: kind of model, language, encoder, data sets, scores."""
    from huggingface_hub import EvalResult, ModelCardData

    pipeline, hub_ids = PIPELINES[about.task.head], about.hub_ids
    results = [
        EvalResult(
            task_type=pipeline,
            dataset_type=(hub_ids or about.corpora or ["unknown"])[0],
            dataset_name=f"{about.language(about.target)} ({', '.join(about.corpora) or 'unknown'})",
            dataset_config=about.target,
            dataset_split="test",
            metric_type="f1" if metric.endswith("f1") else metric,
            metric_name=NAMES.get(metric, metric),
            metric_value=round(test[metric], 4),
        )
        for metric in about.task.metrics
        if test[metric] is not None
    ]
    return ModelCardData(
        language=about.target if about.name(about.target) else None,
        library_name="transformers",
        pipeline_tag=pipeline,
        tags=["metaxl", "cross-lingual", "low-resource"],
        base_model=about.encoder.get("hub"),
        datasets=hub_ids or None,
        metrics=["f1"],
        model_name=about.cell.path,
        eval_results=results or None,
    )


def _texts(about: About, scores: Sequence[Score], splitter: Splitter | None) -> dict[str, Any]:
    """Return what the template asks for, each text as Markdown."""
    kinds = ", ".join(map(markdown, about.task.kinds(about.labels)))
    language = "an invented language" if about.is_synthetic else markdown(about.language(about.target))
    does = f"marks entities ({kinds}) in sentences" if about.task.has_words else f"labels texts ({kinds})"
    return {
        "title": f"{about.task.title}: {language}",
        "does": f"It {does} of {language}.",
        "facts": list(_facts(about)),
        "measure": about.task.measure(about.labels),
        "rows": [_row(about, score) for score in scores],
        "intervals": IN_BRACKETS if any(score.found for score in scores) else WITHOUT,
        "words": splitter.described(code) if splitter else "",
        "has_words": about.task.has_words,
        "limits": list(_limits(about)),
        "credits": [_credit(credit) for credit in about.credits()],
        "notes": [markdown(note) for note in about.notes],
    }


def _facts(about: About) -> Iterator[tuple[str, str]]:
    """Yield what the model is made of, a name and a text each."""
    units, sizes = about.task.units, about.sizes
    fold = f"; fold {about.fold} of its cross-validation" if about.fold else ""
    yield (
        "Target",
        f"{_named(about, about.target)}, {sizes['train']:,} {units} to train, {sizes['dev']:,} to choose{fold}",
    )
    if about.source:
        yield "Source", f"{_named(about, about.source)}, {sizes.get('source', 0):,} {units}"
    yield "Method", markdown(about.method)
    yield "Encoder", markdown(str(about.encoder.get("hub", about.cell.encoder)))
    yield "Seed", str(about.cell.seed)
    yield "Everything else", "`cell.json` beside this file: settings, code, versions, digests of the data"


def _named(about: About, language: str) -> str:
    """Return a language's name with its code; of an invented one the code."""
    name = about.name(language)
    return f"{markdown(name)} ({code(language)})" if name else code(language)


def _row(about: About, score: Score) -> list[str]:
    found = score.found
    interval = f" [{max(found.low, 0):.1f}, {min(found.high, 100):.1f}]" if found else ""
    cells = [score.precision, score.recall]
    return [
        "all" if score.kind == ALL else markdown(score.kind),
        f"{_percent(score.f1)}{interval}",
        *map(_percent, cells),
        "" if score.support is None else f"{score.support:,}",
    ]


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"


def _limits(about: About) -> Iterator[str]:
    """Yield what the model is not to be trusted with."""
    if about.is_synthetic:
        yield "**The language is invented.** The model shows what the workflow makes; it is of no use on real text."
    if about.learns_target:
        yield (
            f"It has learnt from {about.sizes['train']:,} {about.task.units} of the target. Text of another kind than "
            "these (other subjects, spelling or times) is labelled worse than the scores say."
        )
    else:
        yield "It has seen no labelled text of the target."
    yield f"The scores are of one training run, seed {about.cell.seed}: another seed gives another model."
    limit = about.spec.training.eval_max_length
    if about.task.has_words:
        yield f"It reads {limit} subwords at once. `metaxl predict` reads longer sentences in overlapping parts."
    else:
        yield f"It reads the first {limit} subwords of a text and nothing beyond."


def _credit(credit: dict[str, str]) -> str:
    """Return a line that says whom to thank."""
    revision = f"@{credit['revision'][:12]}" if credit.get("revision") else ""
    place = f" ({credit['where']}{revision})" if "where" in credit else ""
    parts = [f"**{markdown(credit['title'])}**{markdown(place)}, for {markdown(credit['used_for'])}"]
    parts += [f"Licence: {markdown(credit['licence'])}"] if "licence" in credit else []
    parts += [markdown(credit[key]) for key in ("citation", "notes", "caveat") if key in credit]
    return ". ".join(part.rstrip(".") for part in parts) + "."
