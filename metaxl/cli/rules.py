"""The commands that the workflow's rules call; each imports what it needs and nothing more.

A function's parameters are its command's arguments, and its docstring is its help.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from metaxl.cli.faults import reading_weights
from metaxl.files import read_json, write_json, write_jsonl
from metaxl.notes import collected_notes
from metaxl.tasks import SPLITS

if TYPE_CHECKING:
    from metaxl.experiment.spec import CellSpec

log = logging.getLogger("metaxl")


def download(path: str, *, out: Path) -> None:
    """Fetch one file of a registered data set; needs the network."""
    from metaxl.downloads.download import download

    download(path, out)


def data(
    *,
    corpus: str,
    task: str,
    language: str,
    split: str,
    folder: Path = Path(),
    size: int | None = None,
    seed: int | None = None,
    unlabelled: str | None = None,
    reading: str = "{}",
    made_of: Path | None = None,
    out: Path,
) -> None:
    """Write one split of one language as JSON lines, and its facts beside it."""
    from metaxl.data.facts import facts_of_records, facts_path
    from metaxl.data.read import OF_BOTH_TASKS, read_split

    if corpus not in OF_BOTH_TASKS:
        from metaxl.downloads.verify import refuse_damaged

        refuse_damaged(corpus, language, split, folder)
    own = {"size": size, "seed": seed, "unlabelled": unlabelled}
    given = json.loads(reading) | {name: value for name, value in own.items() if value is not None}
    with collected_notes() as notes:
        records = read_split(corpus, task, language, split, folder, **given)
    write_jsonl(out, records)
    write_json(facts_path(out), facts_of_records(records, notes) | {"made_of": made_of and read_json(made_of)})


def draw(data: Path, *, size: int, seed: int, order: str, out: Path) -> None:
    """Draw a source set from a training split."""
    from metaxl.data.draw import draw_source
    from metaxl.data.formats.records import read_records

    write_jsonl(out, draw_source(order, read_records(data), size, seed, str(data)))


def report(spec: Path, *, labels: Path, root: Path, out: Path) -> None:
    """Describe the data: sizes, repeats, overlap, subwords, sources."""
    from metaxl.reporting.data.files import ReportSpec
    from metaxl.reporting.data.summary import write_report
    from metaxl.reporting.expected import read_labels

    write_report(ReportSpec.from_dict(read_json(spec)), read_labels(labels), root, out)


def prepare_encoder(spec: Path, *, out: Path) -> None:
    """Prepare an encoder folder, by download, link or pre-training, and write the checksums of what is in it."""
    from metaxl.encoder.prepare import prepare_encoder
    from metaxl.experiment.layout import CHECKSUMS, ENCODER_FILES
    from metaxl.files import sha256_file

    prepare_encoder(read_json(spec), out)
    write_json(out / Path(CHECKSUMS).name, {name: sha256_file(out / name) for name in ENCODER_FILES})


def encode(
    files: Sequence[Path],
    *,
    tokenizer: Path,
    task: str,
    labels: str,
    max_length: Sequence[int],
    out: Sequence[Path],
) -> None:
    """Tokenise data files for an encoder, and write the facts of each beside it."""
    from metaxl.data.encode import encode, load_tokenizer
    from metaxl.data.facts import facts_of_encoded, facts_path
    from metaxl.data.formats.records import read_records
    from metaxl.tasks import find_task

    loaded = load_tokenizer(tokenizer.parent, task)
    for path, length, encoded_path in zip(files, max_length, out, strict=True):
        encoded = encode(loaded, task, read_records(path), length, json.loads(labels))
        facts = facts_of_encoded(encoded, find_task(task).has_words, path, length)
        log.info("%s: %d examples, %d subwords", path, len(encoded), len(encoded.ids))
        for note in facts["notes"]:
            log.warning("%s", note)
        encoded.save(encoded_path)
        write_json(facts_path(encoded_path), facts)


def train(
    spec: str,
    *,
    encoder: Path,
    target: Sequence[Path],
    source: Path | None = None,
    out: Path,
    work: Path,
    best: Path,
    keep_models: str,
    checkpoint_minutes: float,
    device: str,
) -> None:
    """Train one cell, or go on where its training was interrupted."""
    from metaxl.experiment.layout import COUNTED, ENERGY, FAILURE
    from metaxl.experiment.spec import CellSpec
    from metaxl.training.device import choose_device
    from metaxl.training.energy import measured_energy
    from metaxl.training.keep import STAGED, forget_models
    from metaxl.training.train import train_cell

    cell_spec = CellSpec.from_dict(json.loads(spec))
    chosen = choose_device(cell_spec, device)  # refuses before anything is removed
    forget_models(cell_spec.cell, [work / STAGED, out / STAGED], best)
    staged = work / STAGED if keep_models == "all" else None
    with measured_energy(out / ENERGY), reading_weights(encoder):
        train_cell(cell_spec, encoder, _roles(target, source), out, chosen, work, staged, 60 * checkpoint_minutes)
    for stale in (FAILURE, COUNTED):  # of what was there before: why it failed, or what was kept of it
        (out / stale).unlink(missing_ok=True)


def give_up(
    spec: str, *, status: int, attempt: int, attempts: int, log: Path, out: Path, work: Path, strict: str
) -> None:
    """Decide about a training that ended without a score: fail likewise, or leave a record that says why."""
    from metaxl.experiment.spec import CellSpec
    from metaxl.training.given_up import give_up

    give_up(CellSpec.from_dict(json.loads(spec)), status, attempt, attempts, log, out, work, strict == "yes")


def keep_model(
    spec: str,
    *,
    encoder: Path,
    target: Sequence[Path],
    source: Path | None = None,
    cell: Path,
    work: Path,
    reported: Path,
    device: str,
    out: Path,
) -> None:
    """Keep the model of one cell: the one that its training left, or else that of training it again."""
    from metaxl.experiment.failure import failure_of
    from metaxl.experiment.layout import MODEL_RECORD, SCORES
    from metaxl.experiment.spec import CellSpec

    cell_spec = CellSpec.from_dict(json.loads(spec))
    if failed := failure_of(read_json(cell / SCORES)):
        said = f"{cell_spec.cell.path} has no model, for its training failed: {failed.reason}"
        log.warning("%s", said)
        write_json(out / MODEL_RECORD, {"cell": None, "notes": [said]})
        return
    _keep(cell_spec, encoder, _roles(target, source), cell, work, reported, device, out)


def keep_best(
    candidates: Path, *, root: Path, work: Path, reported: Path, other_records: str, device: str, out: Path
) -> None:
    """Keep the model of a target's best cell on dev, by training it again."""
    from metaxl.experiment.layout import MODEL_RECORD
    from metaxl.reporting.best import Candidate, choose

    best, said = choose(root, [Candidate.from_dict(value, other_records) for value in read_json(candidates)])
    log.log(logging.INFO if best else logging.WARNING, "%s", said)
    if best is None:
        write_json(out / MODEL_RECORD, {"cell": None, "notes": [said]})
        return
    cell = root / best.spec.cell.path
    _keep(best.spec, best.checksums.parent, best.files, cell, work, reported, device, out, [said])


def _keep(
    spec: CellSpec,
    encoder: Path,
    files: dict[str, Path],
    cell: Path,
    work: Path,
    reported: Path,
    device: str,
    out: Path,
    notes: Sequence[str] = (),
) -> None:
    """Keep a cell's model, and describe it."""
    from metaxl.training.device import choose_device
    from metaxl.training.keep import keep_model

    with reading_weights(encoder):
        keep_model(spec, encoder, files, cell, work, out, choose_device(spec, device), notes)
    _describe(spec, files, cell, reported, out)


def _describe(spec: CellSpec, files: dict[str, Path], cell: Path, reported: Path, model: Path) -> None:
    """Write into a kept model's folder how its target's training data were split into words, and its card."""
    from metaxl.data.encode import Encoded
    from metaxl.data.learn_splitter import learn_splitter
    from metaxl.data.splitter import SPLITTER
    from metaxl.experiment.layout import MODEL_RECORD
    from metaxl.reporting.card.about import about_model
    from metaxl.reporting.card.write import write_card

    about, splitter = about_model(spec, files, model, MODEL_RECORD, reported), None
    if about.task.has_words:
        splitter = learn_splitter(Encoded.load(files["train"]).contents())
        splitter.save(model / SPLITTER)
    write_card(about, splitter, model, MODEL_RECORD, cell)


def _roles(target: Sequence[Path], source: Path | None) -> dict[str, Path]:
    """Return a cell's encoded data by role."""
    return dict(zip(SPLITS, target, strict=True)) | ({"source": source} if source else {})


COMMANDS = (download, data, draw, report, prepare_encoder, encode, train, give_up, keep_model, keep_best)
