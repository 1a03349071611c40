"""Where each file lies: every path once, as a pattern that Snakemake reads and Python fills in.

Patterns are relative to the folder of an experiment's results, results/<name>/. Training imports nothing from here: its
code digest would change with every new path. A cell's folder is `Cell.path`.
"""

from __future__ import annotations

from pathlib import Path

from metaxl.experiment.cell import Cell

STAGED = Path(".snakemake", "metaxl")  # what a run will place, beneath it as beneath the project's root
RAW = Path("results", "raw")  # downloads, shared by all experiments
# What an encoder's folder must hold. The weights come first: where they are a second name of a user's file, Snakemake,
# which touches outputs one after another, touches its own input with them, and no output may be older than that.
ENCODER_FILES = ("model.safetensors", "config.json", "tokenizer.json")

WRITTEN = "{part}.json"  # by the plan: what it asks of other rules, where that is too long for a command line
CONFIG = "config.json"  # the effective configuration
CELLS, LABELS, REPORTED = "asked/cells.json", "asked/labels.json", "asked/data.json"
ENCODER_SPEC = "asked/encoder-{encoder}.json"
DATA = "data/{task}/{language}/{split}.jsonl"
DATA_FACTS = "data/{task}/{language}/{split}.facts.json"
SOURCE = "sources/{task}/{language}-{size}.jsonl"
ENCODER = "encoders/{encoder}/{file}"
CHECKSUMS = "encoders/{encoder}/sha256.json"  # of an encoder's files: small, so that Snakemake compares it by content
ENCODED_TARGET = "encoded/{encoder}/{task}/{language}/{split}.npz"
ENCODED_SOURCE = "encoded/{encoder}/{task}/{language}-{size}.npz"
TARGET_FACTS = "encoded/{encoder}/{task}/{language}/{split}.facts.json"
SOURCE_FACTS = "encoded/{encoder}/{task}/{language}-{size}.facts.json"

_ANY_CELL = Cell("{encoder}", "{task}", "{target}", "{source}", "{method}", "{seed}")  # type: ignore[arg-type]
CELL = f"{_ANY_CELL.path}/{{file}}"
SCORES, PREDICTIONS, HISTORY, VECTORS = "scores.json", "predictions.jsonl", "history.jsonl", "representations.npz"
COUNTED = "counts.csv"  # of a kept cell, whose predictions are elsewhere: what each test sentence counts
FAILURE = "failed.json"  # beside the stand-ins for these, of a cell that could not be trained

ENERGY = "energy.json"  # beside them, where the package codecarbon has measured what the training took

MODEL = f"{_ANY_CELL.path}/model"
WORK = f"work/{_ANY_CELL.path}"  # a cell's workspace: a model that its training has left for the rule that keeps it
BEST_MODEL = "models/{task}/{target}"
MODEL_RECORD = "cell.json"  # in the folder of a kept model, or of one that there is none of: why
BEST_WORK = "work/models/{task}/{target}"
CANDIDATES = "asked/best-{task}-{target}.json"  # the cells of which one's model is kept as the best

GROUP = "scores/{group}.csv"  # the scores of the cells that the same tables and figures read
COUNTS = "scores/{group}.counts.npz"  # of the same cells, what each test sentence adds to the score
ALL_SCORES = "scores.csv"
EVIDENCE = "evidence/table{number}.{suffix}"  # what the records say of a table's questions
EVIDENCE_FORMATS = ("csv", "languages.csv", "seeds.csv", "md", "json")
ALL_EVIDENCE = "evidence.{suffix}"
ALL_EVIDENCE_FORMATS = ("csv", "md", "json")
REPORT = "data/report.{suffix}"
TABLE = "tables/table{number}.{suffix}"
TABLE_TYPES = "tables/table{number}.types.csv"  # the scores by type or class behind it
TABLE_FORMATS = ("csv", "tex", "txt", "md")
FIGURE = "figures/figure1.{suffix}"
FIGURE_FORMATS = ("pdf", "json", "png")
GAIN = "figures/gain{number}.{suffix}"  # what MetaXL adds to joint training in a table's languages
CURVES = "figures/curves{number}.{suffix}"  # how dev F1 and loss go while a table's cells train
PHI = "figures/phi{number}.{suffix}"  # how far the RTNs travel, and what moves them
CLOSENESS = "figures/closeness{number}.{suffix}"  # whether languages that come closer gain more
PICTURES = {  # with what a reader calls them
    GAIN: "The gain over joint training",
    CURVES: "Learning curves",
    PHI: "What moves the RTN",
    CLOSENESS: "Closeness and gain",
    FIGURE: "Figure 1: the representations",
}
OF_TRAININGS = (CURVES, PHI, CLOSENESS)  # of each table of methods
LANGUAGES = "tables/languages.{suffix}"  # with their families and sources: Table 1 of the paper
LANGUAGES_FORMATS = ("tex", "md")
PAGE = "report/{page}.html"  # of the report; each stands by itself
ANSWERS, BEHIND, MAKING = "Answers", "Behind the answers", "How it was made"
PAGES = {  # and under which heading the report lists each
    **dict.fromkeys(("overview", "tables", "evidence", "pictures"), ANSWERS),
    **dict.fromkeys(("data", "errors", "cost"), BEHIND),
    **dict.fromkeys(("configuration", "provenance"), MAKING),
}
FRONT = Path("report", "front.html")  # the first page's body, which Snakemake's report shows first
BENCHMARK = "benchmarks/{encoder}-{task}-{target}-{source}-{method}-seed{seed}.tsv"  # Snakemake's, of a training


def brought(path: Path) -> Path:
    """Return the path of what a user brings as an input of a rule.

    Beneath results/ it would be taken for a file that a rule makes, wherefore its absolute path is given there.
    """
    path = path.expanduser()
    return path.absolute() if path.parts[:1] == RAW.parts[:1] else path


def root(name: str) -> Path:
    """Return the folder of an experiment's results."""
    return Path("results", name)


def fill(pattern: str, **wildcards: object) -> Path:
    """Return the path that a pattern gives for these wildcards."""
    return Path(pattern.format(**wildcards))


def of_any(pattern: str, **known: object) -> str:
    """Return a pattern for the files of any experiment, as a rule needs it, with some wildcards filled in."""
    for wildcard, value in known.items():
        pattern = pattern.replace(f"{{{wildcard}}}", str(value))
    return f"{root('{name}')}/{pattern}"


def cell_file(cell: Cell, file: str) -> Path:
    """Return the path of one of a cell's files, relative to the folder of the experiment's results."""
    return Path(cell.path, file)
