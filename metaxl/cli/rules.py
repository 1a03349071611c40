"""The commands that the workflow's rules call; each imports what it needs and nothing more."""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Callable
from pathlib import Path

from metaxl.files import read_json, read_jsonl, write_json, write_jsonl
from metaxl.tasks import SPLITS, TASKS

Command = Callable[[argparse.Namespace], None]
AddCommand = Callable[[Command, str], argparse.ArgumentParser]
log = logging.getLogger("metaxl")


def add_commands(command: AddCommand) -> None:
    """Add these commands to the parser; `command` adds one by its function and its help."""
    _add_data_commands(command)
    _add_cell_commands(command)
    _add_result_commands(command)


def _add_data_commands(command: AddCommand) -> None:
    sub = command(download, "fetch one file of a registered data set; needs the network")
    sub.add_argument("path", help="below results/raw/, for instance sentipers/sentipers.xlsx")
    sub.add_argument("--out", type=Path, required=True)

    sub = command(data, "write one split of one language as JSON lines")
    sub.add_argument("--corpus", required=True, help="synthetic, files, or a registered data set")
    sub.add_argument("--task", choices=list(TASKS), required=True)
    sub.add_argument("--language", required=True)
    sub.add_argument("--split", choices=SPLITS, required=True)
    sub.add_argument("--folder", type=Path, default=Path(), help="where the language's files lie, or an archive")
    sub.add_argument("--size", type=int, help="examples to make (synthetic)")
    sub.add_argument("--seed", type=int, help="of the world (synthetic), of the refill (sentipers)")
    sub.add_argument("--unlabelled", choices=["resolve", "drop", "refill"], help="entries without a label (sentipers)")
    sub.add_argument("--out", type=Path, required=True)

    sub = command(draw, "draw a source set from a training split, by hash order")
    sub.add_argument("data", type=Path)
    sub.add_argument("--size", type=int, required=True)
    sub.add_argument("--seed", type=int, required=True)
    sub.add_argument("--out", type=Path, required=True)

    sub = command(report, "describe the data: sizes, repeats, overlap, subwords, sources")
    sub.add_argument("spec", type=Path, help="a JSON file with the data's parts and the encoders")
    sub.add_argument("--root", type=Path, required=True, help="folder of the experiment's results")
    sub.add_argument("--out", type=Path, required=True, help="folder of the report")


def _add_cell_commands(command: AddCommand) -> None:
    sub = command(encoder, "prepare an encoder folder: download, link or pre-train it")
    sub.add_argument("spec", type=Path, help="a JSON file: {hub, revision}, {folder} or {pretrain, ...}")
    sub.add_argument("--out", type=Path, required=True)

    sub = command(encode, "tokenise data files for an encoder")
    sub.add_argument("files", type=Path, nargs="+")
    sub.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json of the encoder")
    sub.add_argument("--task", choices=list(TASKS), required=True)
    sub.add_argument("--max-length", type=int, nargs="+", required=True, help="subwords, one number a file")
    sub.add_argument("--out", type=Path, nargs="+", required=True)

    sub = command(train, "train one cell")
    sub.add_argument("spec", type=json.loads, help="the cell and its settings as JSON")
    sub.add_argument("--encoder", type=Path, required=True, help="folder of the prepared encoder")
    sub.add_argument("--target", type=Path, nargs=3, required=True, help="encoded train, dev and test")
    sub.add_argument("--source", type=Path, help="encoded source set")
    sub.add_argument("--out", type=Path, required=True, help="the cell's folder")


def _add_result_commands(command: AddCommand) -> None:
    sub = command(gather, "score the cells of a group again, from their predictions")
    sub.add_argument("cells", type=Path, help="a JSON file with the cells of each group")
    sub.add_argument("--group", required=True, help='for instance "table2+table5"')
    sub.add_argument("--root", type=Path, required=True, help="folder of the experiment's results")
    sub.add_argument("--out", type=Path, required=True)

    sub = command(scores, "join the gathered scores of all groups")
    sub.add_argument("scores", type=Path, nargs="+")
    sub.add_argument("--out", type=Path, required=True)

    tested = command(significance, "compare MetaXL with its rivals by paired tests")
    shown = command(table, "render one table of the paper")
    shown.add_argument("number", type=int)
    drawn = command(figure, "draw Figure 1")
    for sub in (tested, shown, drawn):
        sub.add_argument("scores", type=Path, nargs="+", help="gathered scores")
        sub.add_argument("--config", type=Path, required=True, help="the effective configuration")
        sub.add_argument("--out", type=Path, required=True)
    for sub in (tested, drawn):
        sub.add_argument("--root", type=Path, required=True, help="folder of the experiment's results")


def download(options: argparse.Namespace) -> None:
    """Fetch one file."""
    from metaxl.downloads.download import download

    download(options.path, options.out)


def data(options: argparse.Namespace) -> None:
    """Write one split of one language."""
    from metaxl.data.read import OF_BOTH_TASKS, read_split

    if options.corpus not in OF_BOTH_TASKS:
        from metaxl.downloads.verify import refuse_damaged

        refuse_damaged(options.corpus, options.language, options.split, options.folder)
    own = {name: value for name in ("size", "seed", "unlabelled") if (value := getattr(options, name)) is not None}
    records = read_split(options.corpus, options.task, options.language, options.split, options.folder, **own)
    write_jsonl(options.out, records)


def draw(options: argparse.Namespace) -> None:
    """Draw a source set."""
    from metaxl.data.read import subsample

    write_jsonl(options.out, subsample(read_jsonl(options.data), options.size, options.seed, str(options.data)))


def report(options: argparse.Namespace) -> None:
    """Describe the data."""
    from metaxl.reporting.data.parts import ReportSpec
    from metaxl.reporting.data.summary import write_report

    write_report(ReportSpec.from_dict(read_json(options.spec)), options.root, options.out)


def encoder(options: argparse.Namespace) -> None:
    """Prepare an encoder's folder, and write the checksums of what is in it."""
    from metaxl.encoder.prepare import prepare_encoder
    from metaxl.experiment.layout import CHECKSUMS, ENCODER_FILES, fill
    from metaxl.files import sha256_file

    prepare_encoder(read_json(options.spec), options.out)
    checksums = {name: sha256_file(options.out / name) for name in ENCODER_FILES}
    write_json(options.out / fill(CHECKSUMS, encoder=options.out.name).name, checksums)


def encode(options: argparse.Namespace) -> None:
    """Tokenise data files."""
    from metaxl.data.encode import encode, load_tokenizer

    tokenizer = load_tokenizer(options.tokenizer.parent, options.task)
    for path, length, out in zip(options.files, options.max_length, options.out, strict=True):
        encoded = encode(tokenizer, options.task, read_jsonl(path), length)
        encoded.save(out)
        log.info("%s: %d examples, %d subwords", path, len(encoded), len(encoded.ids))
        if encoded.words_lost():
            log.warning(
                "%s: %d words, %d of them the first of an entity, have no subword within %d: predicted O",
                *(path, encoded.words_lost(), encoded.entities_lost(), length),
            )


def train(options: argparse.Namespace) -> None:
    """Train one cell."""
    from metaxl.experiment.spec import CellSpec
    from metaxl.training.train import choose_device, train_cell

    files = dict(zip(SPLITS, options.target, strict=True))
    if options.source is not None:
        files["source"] = options.source
    spec = CellSpec.from_dict(options.spec)
    train_cell(spec, options.encoder, files, options.out, choose_device(spec))


def gather(options: argparse.Namespace) -> None:
    """Score the cells of a group again."""
    from metaxl.experiment.cell import Cell
    from metaxl.reporting.frame import gather, write_scores

    cells = [Cell(**cell) for cell in read_json(options.cells)[options.group]]
    write_scores(gather(options.root, cells), options.out)


def scores(options: argparse.Namespace) -> None:
    """Join the scores of all groups."""
    from metaxl.reporting.frame import read_scores, write_scores

    write_scores(read_scores(options.scores), options.out)


def significance(options: argparse.Namespace) -> None:
    """Compare MetaXL with its rivals."""
    from metaxl.experiment.load import read_config
    from metaxl.reporting.frame import read_scores
    from metaxl.reporting.significance import significance

    significance(read_config(options.config), read_scores(options.scores), options.root, options.out)


def table(options: argparse.Namespace) -> None:
    """Render one table."""
    from metaxl.experiment.grid import find_table
    from metaxl.experiment.load import read_config
    from metaxl.reporting.frame import read_scores
    from metaxl.reporting.tables import render_table

    config = read_config(options.config)
    render_table(config, find_table(config, options.number), read_scores(options.scores), options.out)


def figure(options: argparse.Namespace) -> None:
    """Draw Figure 1."""
    from metaxl.experiment.load import read_config
    from metaxl.reporting.figure import draw_figure
    from metaxl.reporting.frame import read_scores

    draw_figure(read_config(options.config), read_scores(options.scores), options.root, options.out)
