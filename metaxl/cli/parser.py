"""The command line, made of the commands' functions: parameters become arguments, docstrings help."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Callable, Sequence
from textwrap import fill
from typing import Any, get_args, get_origin

from metaxl import __version__
from metaxl.cli import people, reports, rules
from metaxl.predicting.forms import FORMS
from metaxl.tasks import SPLITS, TASKS

HELP = {  # of arguments; each is called the same in every command that takes it
    "attempt": "which one it was, from 1",
    "attempts": "how many there are at most",
    "best": "folder of the target's best model, which is removed if it is of an earlier training of this cell",
    "candidates": "a JSON file with a target's cells and their trainings",
    "cell": "the cell's folder",
    "checkpoint_minutes": "from one state of a training, from which it can go on, to the next",
    "cells": "a JSON file with the cells of each group",
    "compare first": "the folder of an experiment's results, results/NAME",
    "compare json": "as JSON, with all that is known",
    "compare second": "another one; its scores are taken away from the first one's",
    "config": "the effective configuration, config.json of the experiment's results",
    "configfile": "laid over config.yaml, as in Snakemake",
    "convert out": "the new encoder's folder",
    "counts": "gathered counts of test sentences",
    "corpus": "synthetic, files, or a registered data set",
    "device": "where to train: cpu, gpu, or auto for a GPU where one is visible",
    "encoder": "folder of the prepared encoder",
    "init data": "a file of sentences or texts with labels, or a folder of train, dev and test",
    "init encoder": "a folder, or an id of the Hugging Face hub; default: the paper's",
    "init language": "the code of the language of the data, such as lug",
    "init name": "of the folder below results/",
    "init related": "a second source language, or CODE=PATH",
    "init source": "the source language: a code such as en, which is downloaded, or CODE=PATH for own data",
    "init task": "seen from the data when left out",
    "evidence": "what the evidence of a table says, as JSON",
    "folder": "where the language's files lie, or an archive",
    "gather counts": "the file for the counts of its test sentences",
    "id_or_folder": "a folder with pytorch_model.bin, or the id of a model of the hub",
    "labels": "the classes in the order of their numbers, as JSON, or the file of the classes of each task",
    "group": 'for instance "table2+table5"',
    "on": "this-machine, which times some steps, or a kind of machine: cpu-core, gpu, h100",
    "order": "of the draw: that of a hash, or the official code's",
    "restore folder": "what `metaxl keep` wrote",
    "other_records": "what becomes of records of another making: refuse or accept",
    "keep out": "a new folder, or one that `metaxl keep` wrote",
    "keep_models": "which models the experiment keeps: best, all or none",
    "log": "what the training said",
    "made_of": "what the plan says that a split is made of, kept with its facts",
    "max_length": "subwords, one number a file",
    "names": "below results/raw/, or encoders/<hub id>@<commit>; default: all that are locked",
    "power effect": "a true difference in points of F1 to find, beside 1 and the paper's 2.07",
    "power language": "standard deviation between languages of the true difference; default: measured, or 1.0",
    "power languages": "languages, each measured with every method",
    "power results": "results/NAME, for the variances measured there; default: assumed ones",
    "power run": "standard deviation of one method's F1 between seeds, in points; default: measured, or 1.13",
    "power seeds": "runs of each method in each language",
    "power sentence": "standard deviation of one sentence's influence, in points; default: measured, or 30",
    "power sentences": "test sentences of each language",
    "path": "below results/raw/, for instance sentipers/sentipers.xlsx",
    "predict device": "where to compute: cpu, gpu, or auto for a GPU where one is visible",
    "predict file": "text in UTF-8, a sentence or a text on each line; default: the standard input",
    "predict format": "text, with entities in brackets; conll, a word and its tag on each line; json, an object a line",
    "predict model": "folder of a kept model, or of its cell",
    "predict tokens": "spaces stand between all words already; nothing else is split",
    "preset": "in place of the one that config.yaml names",
    "raw": "folder of the downloaded corpora",
    "reading": "how own files are read, and what becomes of labels, as JSON",
    "reported": "what the experiment's data report is about, as JSON",
    "revision": "a commit or a branch of the hub; default: main",
    "root": "folder of the experiment's results",
    "scores": "gathered scores",
    "seed": "of the draw, of the world (synthetic), of the refill (sentipers)",
    "size": "examples to draw, or to make (synthetic)",
    "shell": "to complete in; docs/commands.md says where each looks for it",
    "source": "encoded source set",
    "spec": "what to make, as JSON: of a cell the text, else a file that the workflow wrote",
    "status": "the training's exit status",
    "strict": "whether a cell that fails ends the run",
    "target": "encoded train, dev and test",
    "tokenizer": "tokenizer.json of the encoder",
    "watch": "look again every few seconds, until Ctrl-C",
    "work": "a folder for what is passed on from job to job",
    "unlabelled": "what becomes of entries without a label (sentipers)",
}
CHOICES = {
    "device": ("auto", "cpu", "gpu"),
    "format": FORMS,
    "shell": ("bash", "zsh", "fish", "tcsh"),
    "order": ("hash", "official"),
    "other_records": ("refuse", "accept"),
    "task": tuple(TASKS),
    "split": SPLITS,
    "strict": ("yes", "no"),
    "unlabelled": ("resolve", "drop", "refill"),
}
CALLED = "commands that the rules of the workflow call:"


def make_parser(everything: bool = True) -> argparse.ArgumentParser:
    """Return the parser of the command line: commands for people first, in a list of their own, then the rules'.

    Args:
        everything: whether the rules' commands are among them.
    """
    called: people.Commands = (*rules.COMMANDS, *reports.COMMANDS) if everything else ()
    parser = argparse.ArgumentParser(
        prog="metaxl",
        description="MetaXL, reproduced: experiments are run by snakemake; metaxl prepares, watches, uses them.",
        epilog=_listed(called),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"metaxl {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(required=True, metavar="command", title="commands")
    for run in people.COMMANDS:
        _add_command(commands, run, help=inspect.getdoc(run))
    for name, (text, runs) in people.GROUPS.items():
        group = commands.add_parser(name, help=text, description=text)
        members = group.add_subparsers(required=True, metavar="command")
        for member in runs:
            _add_command(members, member, help=inspect.getdoc(member))
    for run in called:
        _add_command(commands, run)
    return parser


def _listed(called: people.Commands) -> str | None:
    """Return the list of the commands that people need not know."""
    names = ", ".join(map(_name, called))
    lines = fill(names, 78, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
    return f"{CALLED}\n{lines}" if names else None


def _name(run: Callable[..., None]) -> str:
    return run.__name__.replace("_", "-")


def _add_command(commands: Any, run: Callable[..., None], **listed: str | None) -> None:
    """Add a command; it stands in the list where its help is given."""
    sub = commands.add_parser(_name(run), description=inspect.getdoc(run), **listed)
    sub.set_defaults(command=run)
    _add_arguments(sub, run)


def _add_arguments(sub: argparse.ArgumentParser, run: Callable[..., None]) -> None:
    """Add a function's parameters to its command: keyword-only ones as options, a sequence as several values."""
    for name, parameter in inspect.signature(run, eval_str=True).parameters.items():
        needed = parameter.default is parameter.empty
        types = get_args(parameter.annotation) or (parameter.annotation,)  # of Sequence[Path] or int | None the first
        facts: dict[str, Any] = {
            "type": types[0],
            "help": HELP.get(f"{run.__name__} {name}", HELP.get(name)),
            "choices": CHOICES.get(name),
        }
        if types[0] is bool:
            sub.add_argument(f"--{name.replace('_', '-')}", action="store_true", help=facts["help"])
            continue
        if get_origin(parameter.annotation) is Sequence:
            facts["nargs"] = "+" if needed else "*"
        if not needed:
            facts["default"] = parameter.default
        if parameter.kind is parameter.KEYWORD_ONLY:
            sub.add_argument(f"--{name.replace('_', '-')}", required=needed, **facts)
        else:
            sub.add_argument(name, **({} if needed else {"nargs": "?"}) | facts)
