"""Whom to thank: title, licence and citation of every corpus and encoder that an experiment uses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from metaxl.downloads.registry import Citation, find_corpus, known_encoder
from metaxl.reporting.data.files import DataFile, ReportSpec

Credit = dict[str, str]


def credits_of(spec: ReportSpec) -> list[Credit]:
    """Return a credit for each corpus, own files one a folder, and each encoder; what is not known is left out.

    Keys: used_for, title, where (a hub id, a folder or a page of this project), revision, licence, citation, notes,
    caveat.

    Raises:
        ConfigError: the registry does not have a corpus.
    """
    used_for: dict[tuple[str, str], list[DataFile]] = {}
    for file in spec.files:
        used_for.setdefault((file.corpus, file.folder), []).append(file)
    corpora = [_credit(_languages(files), **_corpus(*place)) for place, files in used_for.items()]
    encoders = [_credit(f"encoder {name}", **_encoder(content)) for name, content in spec.encoders.items()]
    return corpora + encoders


def _credit(used_for: str, **facts: str) -> Credit:
    return {"used_for": used_for} | {key: text for key, text in facts.items() if text}


def _languages(files: Iterable[DataFile]) -> str:
    """Return what a corpus gives: "ner qu, gn, es; sentiment te"."""
    tasks: dict[str, dict[str, None]] = {}
    for file in files:
        tasks.setdefault(file.task, {})[file.language] = None
    return "; ".join(f"{task} {', '.join(languages)}" for task, languages in tasks.items())


def _corpus(name: str, folder: str) -> Credit:
    if name == "files":
        return {"title": "your own files", "where": folder}
    if name == "synthetic":
        return {"title": "synthetic languages, made by this project", "where": "docs/synthetic-languages.md"}
    corpus = find_corpus(name)
    return {**_texts(corpus.citation), "where": corpus.repo or corpus.citation.homepage, "revision": corpus.revision}


def _encoder(content: dict[str, Any]) -> Credit:
    if "folder" in content:
        return {"title": "your own encoder", "where": content["folder"]}
    if "pretrain" in content:
        return {"title": "pre-trained by this project on the synthetic languages"}
    known = known_encoder(content["hub"])
    unknown = {"title": content["hub"], "caveat": "see its page for licence and citation"}
    texts = _texts(known.citation) if known else unknown
    return {**texts, "where": content["hub"], "revision": content["revision"]}


def _texts(citation: Citation) -> Credit:
    return {key: text for key, text in asdict(citation).items() if key != "homepage"}
