"""The commands that the workflow's rules call; each imports what it needs and nothing more."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from metaxl.errors import MetaXLError
from metaxl.files import read_jsonl, write_json, write_jsonl
from metaxl.tasks import SPLITS, TASKS

Command = Callable[[argparse.Namespace], None]
AddCommand = Callable[[Command, str], argparse.ArgumentParser]
log = logging.getLogger("metaxl")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; an error of the user's ends with its message and exit code 1."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        options.run(options)
    except MetaXLError as error:
        if options.debug:
            raise
        log.error("%s", error)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="metaxl", description="The steps of the MetaXL workflow.")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(run: Command, help_text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(run.__name__.strip("_").replace("_", "-"), help=help_text, description=help_text)
        sub.set_defaults(run=run)
        return sub

    _add_data_commands(command)
    _add_cell_commands(command)
    _add_experiment_commands(command)
    return parser


def _add_data_commands(command: AddCommand) -> None:
    sub = command(_download, "fetch one file of a registered data set; needs the network")
    sub.add_argument("path", help="below results/raw/, for instance sentipers/sentipers.xlsx")
    sub.add_argument("--out", type=Path, required=True)

    sub = command(_lock, "replace what the lock holds by what is downloaded now; needs the network")
    sub.add_argument("names", nargs="*", help="below results/raw/, or encoders/<hub id>@<commit>; default: all locked")
    sub.add_argument("--raw", type=Path, default=Path("results/raw"), help="folder of the downloaded corpora")

    sub = command(_data, "write one split of one language as JSON lines")
    sub.add_argument("--corpus", required=True, help="synthetic, files, or a registered data set")
    sub.add_argument("--task", choices=list(TASKS), required=True)
    sub.add_argument("--language", required=True)
    sub.add_argument("--split", choices=SPLITS, required=True)
    sub.add_argument("--folder", type=Path, default=Path(), help="where the language's files lie, or an archive")
    sub.add_argument("--size", type=int, help="examples to make (synthetic)")
    sub.add_argument("--seed", type=int, help="of the world (synthetic), of the refill (sentipers)")
    sub.add_argument("--unlabelled", choices=["resolve", "drop", "refill"], help="entries without a label (sentipers)")
    sub.add_argument("--out", type=Path, required=True)

    sub = command(_draw, "draw a source set from a training split, by hash order")
    sub.add_argument("data", type=Path)
    sub.add_argument("--size", type=int, required=True)
    sub.add_argument("--seed", type=int, required=True)
    sub.add_argument("--out", type=Path, required=True)


def _add_cell_commands(command: AddCommand) -> None:
    sub = command(_encoder, "prepare an encoder folder: download, link or pre-train it")
    sub.add_argument("spec", type=json.loads, help="JSON: {hub, revision}, {folder} or {pretrain, ...}")
    sub.add_argument("--out", type=Path, required=True)

    sub = command(_encode, "tokenise data files for an encoder")
    sub.add_argument("files", type=Path, nargs="+")
    sub.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json of the encoder")
    sub.add_argument("--task", choices=list(TASKS), required=True)
    sub.add_argument("--max-length", type=int, nargs="+", required=True, help="subwords, one number a file")
    sub.add_argument("--out", type=Path, nargs="+", required=True)

    sub = command(_train, "train one cell")
    sub.add_argument("spec", type=json.loads, help="the cell and its settings as JSON")
    sub.add_argument("--encoder", type=Path, required=True, help="folder of the prepared encoder")
    sub.add_argument("--target", type=Path, nargs=3, required=True, help="encoded train, dev and test")
    sub.add_argument("--source", type=Path, help="encoded source set")
    sub.add_argument("--out", type=Path, required=True, help="the cell's folder")


def _add_experiment_commands(command: AddCommand) -> None:
    sub = command(_report, "describe the data: sizes, repeats, overlap, subwords, sources")
    sub.add_argument("spec", type=json.loads, help="the data's parts and the encoders as JSON")
    sub.add_argument("--root", type=Path, required=True, help="folder of the experiment's results")
    sub.add_argument("--out", type=Path, required=True, help="folder of the report")

    sub = command(_check, "say what an experiment has, lacks and weighs, before anything starts")
    sub.add_argument("--preset", help="in place of the one that config.yaml names")
    sub.add_argument("--configfile", type=Path, nargs="*", default=[], help="laid over config.yaml, as in Snakemake")

    gather = command(_gather, "score every cell again; write scores.csv, significance.csv and config.json")
    table = command(_table, "render one table of the paper")
    table.add_argument("number", type=int)
    figure = command(_figure, "draw Figure 1")
    for sub in (gather, table, figure):
        sub.add_argument("config", type=json.loads, help="the effective configuration as JSON")
        sub.add_argument("--root", type=Path, required=True, help="folder of the experiment's results")
        sub.add_argument("--out", type=Path, required=True)


def _download(options: argparse.Namespace) -> None:
    from metaxl.downloads.download import download

    download(options.path, options.out)


def _lock(options: argparse.Namespace) -> None:
    from metaxl.downloads.lock import lockable
    from metaxl.downloads.update import update_lock

    names = options.names or lockable()
    for name in names:
        update_lock(name, options.raw)
    log.info("%d updated", len(names))


def _data(options: argparse.Namespace) -> None:
    from metaxl.data.read import OF_BOTH_TASKS, read_split

    if options.corpus not in OF_BOTH_TASKS:
        from metaxl.downloads.verify import refuse_damaged

        refuse_damaged(options.corpus, options.language, options.split, options.folder)
    own = {name: value for name in ("size", "seed", "unlabelled") if (value := getattr(options, name)) is not None}
    records = read_split(options.corpus, options.task, options.language, options.split, options.folder, **own)
    write_jsonl(options.out, records)


def _draw(options: argparse.Namespace) -> None:
    from metaxl.data.read import subsample

    write_jsonl(options.out, subsample(read_jsonl(options.data), options.size, options.seed, str(options.data)))


def _encoder(options: argparse.Namespace) -> None:
    from metaxl.encoder.prepare import prepare_encoder

    prepare_encoder(options.spec, options.out)


def _encode(options: argparse.Namespace) -> None:
    from metaxl.data.encode import encode, load_tokenizer

    tokenizer = load_tokenizer(options.tokenizer.parent, options.task)
    for data, length, out in zip(options.files, options.max_length, options.out, strict=True):
        encoded = encode(tokenizer, options.task, read_jsonl(data), length)
        encoded.save(out)
        log.info("%s: %d examples, %d subwords", data, len(encoded), len(encoded.ids))
        if encoded.words_lost():
            log.warning(
                "%s: %d words, %d of them the first of an entity, have no subword within %d: predicted O",
                *(data, encoded.words_lost(), encoded.entities_lost(), length),
            )


def _train(options: argparse.Namespace) -> None:
    from metaxl.experiment.spec import CellSpec
    from metaxl.training.train import choose_device, train_cell

    files = dict(zip(SPLITS, options.target, strict=True))
    if options.source is not None:
        files["source"] = options.source
    spec = CellSpec.from_dict(options.spec)
    train_cell(spec, options.encoder, files, options.out, choose_device(spec))


def _report(options: argparse.Namespace) -> None:
    from metaxl.reporting.data.parts import ReportSpec
    from metaxl.reporting.data.summary import write_report

    write_report(ReportSpec.from_dict(options.spec), options.root, options.out)


def _check(options: argparse.Namespace) -> None:
    from metaxl.experiment.load import read_configuration
    from metaxl.planning.inventory import describe, find_needs, require_network
    from metaxl.planning.plan import Plans

    plan = Plans(read_configuration(options.preset, options.configfile)).active
    plan.check()
    needs = find_needs(plan.downloads(), [(plan, name) for name in plan.hub_encoders()])
    print(describe(plan, needs))  # noqa: T201  # the answer, not a log
    require_network(needs, listed=True)


def _gather(options: argparse.Namespace) -> None:
    from metaxl.experiment.grid import all_cells, figure_cells
    from metaxl.experiment.load import load_config
    from metaxl.reporting.frame import gather, write_scores
    from metaxl.reporting.significance import significance

    config = load_config(options.config)
    cells = list(dict.fromkeys([*all_cells(config), *figure_cells(config)]))
    write_scores(gather(options.root, cells), options.out / "scores.csv")
    significance(config, options.root, options.out)
    write_json(options.out / "config.json", options.config)


def _table(options: argparse.Namespace) -> None:
    from metaxl.experiment.grid import find_table, table_cells
    from metaxl.experiment.load import load_config
    from metaxl.reporting.frame import gather
    from metaxl.reporting.tables import render_table

    config = load_config(options.config)
    table = find_table(config, options.number)
    render_table(config, table, gather(options.root, table_cells(config, table)), options.out)


def _figure(options: argparse.Namespace) -> None:
    from metaxl.experiment.load import load_config
    from metaxl.reporting.figure import draw_figure

    draw_figure(load_config(options.config), options.root, options.out)
