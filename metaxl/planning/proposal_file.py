"""A proposed experiment as the YAML file that a person reads, with a comment on each line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from metaxl.experiment.load import merge, read_configuration
from metaxl.planning.base_encoder import COVERED, SUBWORDS_A_WORD
from metaxl.planning.findings import find_faults, refuse
from metaxl.planning.plan import Plan
from metaxl.planning.plans import Plans
from metaxl.planning.proposal import Proposal
from metaxl.planning.told import flow
from metaxl.tasks import TASKS

COLUMN = 46  # at which comments begin, where the line is shorter


def to_yaml(proposal: Proposal) -> str:
    """Return the file."""
    lines = [*_head(proposal), *_files(proposal), *_task(proposal), *_training(proposal), *_others(proposal)]
    return "".join(f"{line}\n" for line in lines)


def checked_plan(text: str) -> Plan:
    """Return the plan of a proposed file over the project's configuration.

    Raises:
        ConfigError: it has faults.
    """
    plan = Plans(merge(read_configuration(None, ()), yaml.safe_load(text))).active
    refuse(find_faults(plan.config))
    return plan


def _line(depth: int, key: str, value: Any, comment: str) -> str:
    """Return a line of YAML with a key and its value."""
    return _commented(f"{'  ' * depth}{flow(key)}: {flow(value)}", comment)


def _opened(depth: int, key: str, comment: str = "") -> str:
    """Return a line of YAML with a key whose value stands below it."""
    return _commented(f"{'  ' * depth}{flow(key)}:", comment)


def _commented(start: str, comment: str) -> str:
    return f"{start:<{COLUMN}}  # {comment}" if comment else start


def _head(proposal: Proposal) -> Iterator[str]:
    crossed = "folds" in proposal.target.own_data()
    languages = ", ".join([proposal.target.language, *proposal.sources])
    yield "# Laid over config.yaml and the preset: mappings merge, lists replace. Every key: docs/configuration.md."
    yield _line(0, "preset", "paper", "the paper's method; what stands below takes its settings' place")
    yield _line(0, "name", proposal.name, f"results are written to results/{proposal.name}/")
    yield _line(0, "label", f"own data: {languages}", "stands at the head of every table")
    yield _line(0, "paper_numbers", "absent", "the paper has no numbers for these data")
    yield _line(0, "figure", None, "no picture of the vectors")
    yield _line(
        0, "seeds", [11] if crossed else [11, 12, 13], "each seed trains every cell once; several show a spread"
    )
    yield _line(0, "controls", [], "further rows: metaxl-frozen, joint-rtn, target-matched")
    yield _line(0, "keep_models", "best", "the best model of the target is kept; all or none")
    yield _opened(0, "encoders")
    yield _opened(1, proposal.encoder.name, _encoder_comment(proposal))
    yield from (_line(2, key, value, "") for key, value in proposal.encoder.spec.items())


def _encoder_comment(proposal: Proposal) -> str:
    encoder = proposal.encoder
    if encoder.spec.get("revision") == "main":
        return "a commit in place of main makes it reproducible"
    if encoder.folder is None:
        return "from the hub; downloaded by the first run"
    return f"{encoder.layers} layers, {encoder.positions} positions"


def _files(proposal: Proposal) -> Iterator[str]:
    yield _opened(0, "files", "your own data; a language that is missing here is downloaded")
    yield _opened(1, proposal.target.task)
    own = proposal.target.own_data()
    match own:
        case {"folds": folds}:
            how = f"{folds} trainings; each example is tested once, all together give one score"
        case {"splits": splits}:
            how = f"{' and '.join(splits)} are split off by a hash of the texts"
        case _:
            how = "train, dev and test as they are"
    yield _line(2, proposal.target.language, own, how)
    for code, brought in proposal.sources.items():
        if brought:
            yield _line(2, code, brought.path, f"{len(brought.records['train']):,} examples to draw from")


def _task(proposal: Proposal) -> Iterator[str]:
    layers, (source, *related) = proposal.encoder.layers, proposal.sources
    target = {"language": proposal.target.language} | ({"related": related[0]} if related else {})
    yield _opened(0, proposal.target.task)
    yield _line(1, "encoder", proposal.encoder.name, "one of those above")
    if proposal.corpus:
        yield _line(1, "corpus", proposal.corpus, "which corpus a language is downloaded from")
    if proposal.labels:
        yield _line(1, "labels", proposal.labels, "the same meaning gets one name")
    yield _line(1, "source", source, "the language to transfer from")
    yield _line(1, "source_size", proposal.source_size, "how many of its examples are drawn")
    yield _line(1, "targets", [target], "the languages to transfer to")
    yield _line(1, "placement", [layers], "the layer after which source states are transformed: the last")
    yield _line(1, "placements", [[layers // 2], [layers]], "the layers that the last table compares")


def _training(proposal: Proposal) -> Iterator[str]:
    small, (train, other) = proposal.encoder.is_small, proposal.lengths
    yield _opened(1, "training")
    yield _line(2, "epochs", 20, "passes over the source")
    yield _line(2, "target_epochs", 20, "passes over the target, where it is trained on alone")
    yield _line(
        2, "batch_size", proposal.batch_size, f"examples a step; about {proposal.target.trained():,} are trained on"
    )
    rates = (3.0e-3, 1.0e-3) if small else (3.0e-5, 1.0e-6)
    yield _line(
        2, "learning_rate", rates[0], "of the encoder; " + ("great, for it is tiny" if small else "as in the paper")
    )
    learns = "" if small else "; as in the paper, where it hardly learns: docs/faq.md"
    yield _line(2, "meta_learning_rate", rates[1], f"of the network that transforms the source{learns}")
    counted = f"cuts less than {1 - COVERED:.0%} of them"
    guessed = f"a guess, {SUBWORDS_A_WORD} for each word: the tokenizer is not here to count"
    yield _line(
        2, "max_length", train, f"subwords a training example; {counted if proposal.encoder.tokenizer else guessed}"
    )
    yield _line(2, "eval_max_length", max(train, other), "subwords a dev or test example")
    yield _line(
        2, "bottleneck", max(1, proposal.encoder.hidden // 2), "width of the transforming network's hidden layer"
    )


def _others(proposal: Proposal) -> Iterator[str]:
    for name in TASKS:
        if name != proposal.target.task:
            yield _line(0, name, {"targets": []}, "leaves the other task out")
