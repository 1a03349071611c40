"""The whole workflow on a miniature grid, in a folder with a space in its name, as a user would run it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from checkout import copy_checkout

from metaxl.experiment.layout import EVIDENCE_FORMATS, PAGES
from metaxl.files import read_json, read_jsonl

ROOT = Path(__file__).resolve().parents[2]
MINIATURE = {
    "name": "mini",
    "label": "miniature: synthetic data",
    "controls": [],
    "figure": {"task": "sentiment", "encoder": "tiny", "target": "te", "source": "en", "placement": [2]},
    "encoders": {"tiny": {"pretrain": {"layers": 2, "hidden": 16, "vocabulary": 1500, "sentences": 30, "steps": 3}}},
    "synthetic": {"target_size": 12, "test_size": 12, "source_pool": 30},
    "ner": {
        "targets": [{"language": "qu", "related": "es"}],
        "source_size": 12,
        "placement": [2],
        "placements": [[0, 2], [2]],
        "training": {"epochs": 1, "target_epochs": 1, "bottleneck": 4},
    },
    "sentiment": {
        "targets": [{"language": "te"}],
        "source_size": 12,
        "placement": [2],
        "placements": [[2]],
        "training": {"epochs": 1, "target_epochs": 1, "bottleneck": 4},
    },
}
CELL = "results/mini/cells/tiny/ner/qu/es/metaxl-L2/seed11"


class Project:
    """A copy of what a clone holds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.overlay = folder / "mini.yaml"
        copy_checkout(folder)
        self.configure(MINIATURE)

    def configure(self, overlay: dict) -> None:
        self.overlay.write_text(yaml.safe_dump(overlay), encoding="utf-8")

    @classmethod
    def found(cls, folder: Path) -> Project:
        """Return the project that stands in a folder already."""
        project = cls.__new__(cls)
        project.folder, project.overlay = folder, folder / "mini.yaml"
        return project

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", str(self.overlay), *arguments]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(self.folder)}
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=600)

    def run(self, *arguments: str) -> str:
        done = self.snakemake(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def planned(self, *arguments: str) -> dict[str, int]:
        """Return how many jobs of each rule a run would start."""
        lines = map(str.split, self.run("--dry-run", "--quiet", "host", *arguments).splitlines())
        return {
            words[0]: int(words[1])
            for words in lines
            if len(words) == 2 and words[1].isdigit() and words[0].isidentifier()
        }

    def bytes_of(self, folder: str) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted((self.folder / folder).iterdir())}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project whose tables and figure are made."""
    made = Project(tmp_path_factory.mktemp("workflow") / "my projekt ü")
    assert made.planned("--", CELL + "/scores.json") == {
        "configuration": 1, "data": 4, "source": 1, "pretrained_encoder": 1, "encode_target": 1, "encode_source": 1,
        "train": 1, "total": 10,
    }  # fmt: skip
    made.said = made.run("--verbose", "--", "all")
    return made


def test_a_run_looks_for_jobs_once_for_each_that_ends(project):
    """Snakemake's own rate limiter would wake the scheduler once a second for each; see metaxl/planning/rate.py."""
    jobs = project.said.count("Finished jobid: ")
    assert jobs > 10
    assert project.said.count("Ready jobs: ") <= jobs + 1


def test_a_fraction_of_a_minute_reaches_a_training_unrounded(project):
    """Snakemake rounds numbers among the resources: 0 would keep a state after every step."""
    project.configure(MINIATURE | {"checkpoint_minutes": 0.02})
    try:
        said = project.run("--dry-run", "--printshellcmds", "--force", "--", CELL + "/scores.json")
    finally:
        project.configure(MINIATURE)
    assert "--checkpoint-minutes 0.02" in said


def test_tables_figure_and_records_are_all_there(project):
    results = project.folder / "results" / "mini"
    for number in (2, 3, 5):
        for suffix in ("csv", "md", "tex", "txt"):
            assert "miniature: synthetic data" in (results / "tables" / f"table{number}.{suffix}").read_text()
    for suffix in ("pdf", "png", "json"):
        assert (results / "figures" / f"figure1.{suffix}").stat().st_size > 500
    assert len(list(results.glob("cells/**/scores.json"))) == 9
    for name in ("csv", "md", "json"):
        assert (results / f"evidence.{name}").stat().st_size > 50
    assert "one seed can tell nothing of the methods" in (results / "tables" / "table2.md").read_text()
    text = (results / "tables" / "table2.csv").read_text()
    assert text.count("\n") == 6  # a head; target-only; JT and MetaXL from each source
    record = read_json(project.folder / CELL / "scores.json")
    assert f"{100 * record['best']['test']['f1']:.2f}" in (results / "tables" / "table2.md").read_text()


def test_a_finished_run_has_every_page_of_the_report(project):
    """Nothing is missing on any of them: the pages are made last."""
    pages = {page: (project.folder / "results/mini/report" / f"{page}.html").read_text() for page in PAGES}
    assert not [page for page, text in pages.items() if "Not made yet" in text]
    assert "All 9 trainings have a record." in pages["overview"]
    assert "with 12 sentences for train" in pages["data"]


def test_a_bare_snakemake_makes_the_tables(tmp_path):
    """Without a target, in what a clone holds: Snakemake takes the first rule of the Snakefile."""
    bare = Project(tmp_path / "bare")
    planned = bare.planned()
    assert planned == bare.planned("--", "tables")
    assert planned["tables"] == 1


def test_a_python_with_a_space_in_its_path_makes_every_kind_of_file(tmp_path):
    """Snakemake itself does not quote the Python with which it starts some jobs."""
    made = Project(tmp_path / "project")
    environment = tmp_path / "my environment"
    environment.symlink_to(Path(sys.prefix), target_is_directory=True)
    python = environment / "bin" / "python"
    files = ["results/mini/config.json", "results/mini/asked/cells.json", "results/mini/sources/ner/es-12.jsonl"]
    command = [python, "-m", "snakemake", "--cores", "2", "--configfile", "mini.yaml", "--", *files]
    done = subprocess.run(command, cwd=made.folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all((made.folder / file).stat().st_size > 100 for file in files)


def test_a_second_run_does_nothing_and_says_so(project):
    assert "Nothing to be done" in project.run("--", "all")


@pytest.mark.slow
def test_the_same_cell_again_is_byte_equal(project):
    before = project.bytes_of(CELL)
    scores = project.folder / CELL / "scores.json"
    first = read_json(scores)
    shutil.rmtree(project.folder / CELL)
    assert project.planned("--", CELL + "/scores.json") == {"train": 1, "total": 1}
    project.run("--", CELL + "/scores.json")
    after, second = project.bytes_of(CELL), read_json(scores)
    for records in (before, after):
        del records["scores.json"]
    for record in (first, second):
        del record["resources"]
    assert before == after
    assert first == second
    project.run("--", "all")  # its seconds have changed, and so has what gathers it


def test_an_edit_to_the_label_makes_tables_and_figures_again_and_nothing_else(project):
    project.configure(MINIATURE | {"label": "another"})
    try:
        counts = project.planned("--", "all")
    finally:
        project.configure(MINIATURE)
    made = {"evidence": 3, "join_evidence": 1, "table": 3, "languages": 1, "figure": 1, "gain": 2, "pictures": 2}
    assert counts == {"configuration": 1, **made, "report_pages": 1, "all": 1, "total": 16}


def test_scores_are_computed_again_in_the_gathered_groups_alone(project, tmp_path):
    """Tables, evidence and figure are made from what was gathered where no library of scores can be imported."""
    results, blocked = project.folder / "results" / "mini", tmp_path / "blocked"
    blocked.mkdir()
    for name in ("seqeval", "sklearn"):
        (blocked / f"{name}.py").write_text("raise ImportError('no second scoring here')")
    scores = [str(path) for path in results.glob("scores/*.csv")]
    counts = [str(path) for path in results.glob("scores/*.counts.npz")]
    told = ["--labels", str(results / "asked" / "labels.json"), "--evidence", str(results / "evidence" / "table2.json")]
    commands = [["table", "2", *scores, *told], ["figure", *scores], ["evidence", "2", *counts]]
    environment = os.environ | {"PYTHONPATH": f"{blocked}{os.pathsep}{project.folder}"}
    for number, command in enumerate(commands):
        out = ["--config", str(results / "config.json"), "--root", str(results), "--out", str(tmp_path / str(number))]
        run = [sys.executable, "-m", "metaxl", *command, *out]
        said = subprocess.run(run, env=environment, capture_output=True, text=True, timeout=90)
        assert said.returncode == 0, said.stderr
    pairs = [("0/table2.md", "tables/table2.md"), ("1/figure1.json", "figures/figure1.json")]
    pairs += [(f"2/table2.{suffix}", f"evidence/table2.{suffix}") for suffix in EVIDENCE_FORMATS]
    for made, kept in pairs:
        assert (tmp_path / made).read_bytes() == (results / kept).read_bytes()


@pytest.mark.slow
def test_a_table_alone_gathers_and_trains_its_own_cells_only(tmp_path):
    fresh = Project(tmp_path / "fresh")
    everything = fresh.planned("--", "tables")
    alone = {number: fresh.planned("--", f"table{number}") for number in (2, 3, 5)}
    assert {number: counts["train"] for number, counts in alone.items()} == {2: 5, 3: 3, 5: 5}
    assert everything["train"] == 9
    named = fresh.planned("--", "results/mini/tables/table3.md")
    assert (named["train"], named["gather"]) == (alone[3]["train"], alone[3]["gather"])
    assert all(counts["evidence"] == 1 for counts in alone.values())


@pytest.mark.slow
def test_nothing_of_the_experiments_size_travels_on_a_command_line(tmp_path):
    """Three hundred languages: the dry run works, and each command is as long as with three, but for names' digits."""
    project = Project(tmp_path / "large")

    def planned(count):
        targets = [{"language": f"xx-{100 + number}"} for number in range(count)]
        # The synthetic world has no such languages.
        ner = MINIATURE["ner"] | {"targets": targets, "placements": [[2]], "corpus": "wikiann"}
        project.configure(MINIATURE | {"figure": None, "ner": ner, "sentiment": {"targets": []}})
        said = project.run("--dry-run", "--printshellcmds", "--", "all")
        return [line for line in said.splitlines() if "python -m metaxl " in line]

    def longest(commands):
        return {name: max(map(len, ones)) for name, ones in by_name(commands).items()}

    def by_name(commands):
        found = {}
        for command in commands:
            found.setdefault(command.split(" metaxl ")[1].split()[0], []).append(command)
        return found

    few, many = planned(3), planned(300)
    assert len(by_name(many)["train"]) == 900
    assert set(by_name(many)) == {
        *("download", "data", "draw", "prepare-encoder", "encode", "train", "gather", "scores"),
        *("evidence", "join-evidence", "table", "gain", "report", "languages", "pictures", "pages"),
    }
    assert longest(many) == longest(few)


def test_every_job_has_the_environment_that_training_wants(tmp_path, monkeypatch):
    """Wherever the checkout and its Python lie; what the user has set stays."""
    made = Project(tmp_path / """it's "my" odd $HOME folder""")
    environment = tmp_path / "{odd} environment"
    environment.symlink_to(Path(sys.prefix), target_is_directory=True)
    monkeypatch.setattr(sys, "executable", str(environment / "bin" / "python"))
    (made.folder / "probe.smk").write_text(
        'include: "Snakefile"\n\nrule probe:\n    output: "probe.txt"\n    shell: "logged {output:q} env"\n'
    )
    made.run("--snakefile", "probe.smk", "--", "probe.txt")
    lines = (made.folder / "probe.txt").read_text().splitlines()
    found = dict(line.split("=", 1) for line in lines if "=" in line)
    expected = {
        "MALLOC_TRIM_THRESHOLD_": str(2**63 - 1),
        "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
        "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64",
        "LRU_CACHE_CAPACITY": "64",
        "HF_HUB_OFFLINE": "1",
        "PYTHONPATH": str(made.folder),
    }
    assert {name: found[name] for name in expected} == expected
    assert found["PATH"].split(":")[0] == str(Path(sys.executable).parent)


def copied(project: Project, folder: Path) -> Project:
    """Return a project in a copy that keeps the files' times, as `cp -a` makes it."""
    shutil.copytree(project.folder, folder, symlinks=True)
    return Project.found(folder)


def test_a_moved_checkout_reruns_nothing(project, tmp_path):
    """Also where Snakemake works in another folder than the checkout's."""
    here = copied(project, tmp_path / "here")
    here.folder.rename(tmp_path / "there")
    there = Project.found(tmp_path / "there")
    assert "Nothing to be done" in there.run("--", "all")
    apart = Project.found(tmp_path / "apart")
    code = shutil.ignore_patterns("metaxl", "workflow", "envs", "Snakefile")
    shutil.copytree(there.folder, apart.folder, ignore=code)
    snakefile = ("--snakefile", str(there.folder / "Snakefile"), "--directory", str(apart.folder))
    assert "Nothing to be done" in there.run(*snakefile, "--", "all")


@pytest.mark.parametrize("encoder", ["newest", "oldest"])
def test_a_copy_that_loses_the_times_trains_nothing(project, tmp_path, encoder):
    """Every file newer than what was made from it, and the encoder too large to be compared by content."""
    copy = copied(project, tmp_path / "copy")
    files = sorted((p for p in copy.folder.glob("results/**/*") if p.is_file()), key=lambda path: path.stat().st_mtime)
    for number, path in enumerate(files):
        last = 2_000_000_000 - number
        if "encoders" in path.parts:
            last = 2_100_000_000 if encoder == "newest" else 1_000_000_000
        os.utime(path, (last, last))
    weights = next(copy.folder.glob("results/**/model.safetensors")).stat().st_size
    limit = ("--max-checksum-file-size", str(weights - 1))
    assert not {"train", "pretrained_encoder"} & set(copy.planned(*limit, "--", "all"))


def append(path: Path, text: str) -> str:
    old = path.read_text(encoding="utf-8")
    path.write_text(old + text, encoding="utf-8")
    return old


NOTHING_TRAINED = {
    "reporting/tables.py": "\nADDED = 1\n",
    "reporting/frame.py": "\nADDED = 1\n",
    "experiment/grid.py": "\nADDED = 1\n",
    "experiment/config.py": "\nADDED = 1\n",
    "method/steps.py": "\n# only a comment\n",
}


@pytest.mark.parametrize(
    ("edits", "trains"),
    [
        (NOTHING_TRAINED, 0),
        ({"method/steps.py": "\nADDED = 1\n"}, 4),  # the cells of MetaXL
        ({"method/plain.py": "\nADDED = 1\n"}, 5),  # all others
        ({"method/tape.py": "\nADDED = 1\n"}, 9),
    ],
    ids=["nothing", "metaxl", "others", "all"],
)
def test_only_an_edit_to_what_trains_retrains(project, edits, trains):
    paths = {project.folder / "metaxl" / module: text for module, text in edits.items()}
    before = {path: append(path, text) for path, text in paths.items()}
    try:
        assert project.planned("--", "all").get("train", 0) == trains
    finally:
        for path, old in before.items():
            path.write_text(old, encoding="utf-8")


def test_another_seed_adds_only_its_own_cells(project):
    project.configure(MINIATURE | {"seeds": [11, 12]})
    try:
        counts = project.planned("--", "tables")
    finally:
        project.configure(MINIATURE)
    assert counts["train"] == 9
    assert not {"data", "pretrained_encoder", "source", "encode_target"} & set(counts)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (CELL.replace("/tiny/", "/tinny/"), "no 'tinny', only tiny. Did you mean 'tiny'?"),
        (CELL.replace("/mini/", "/mimi/"), "results/mimi: no experiment of this name"),
    ],
)
def test_a_wrong_cell_is_told_what_is_wrong(project, target, message):
    """What else may be wrong, and in which words it is told, stands in tests of the plan."""
    done = project.snakemake("--dry-run", "--", target + "/scores.json")
    assert done.returncode != 0
    assert message in done.stdout + done.stderr


@pytest.mark.parametrize("size", ["0", "012"])
def test_a_source_set_of_nothing_is_no_target(project, size):
    done = project.snakemake("--dry-run", "--", f"results/mini/sources/ner/es-{size}.jsonl")
    assert done.returncode != 0
    assert "No rule to produce" in done.stdout + done.stderr


def test_a_wrong_configuration_is_told_before_anything_runs(project):
    done = project.snakemake("--dry-run", "--config", "seds=[1]", "--", "tables")
    assert done.returncode != 0
    assert "unknown key 'seds'. Did you mean 'seeds'?" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_numbers_that_the_command_line_made_text_are_told_apart(project):
    done = project.snakemake("--dry-run", "--config", "seeds=[11,12]", "--", "tables")
    assert done.returncode != 0
    assert "seeds.0: '11' is text; put lists and nested values into a --configfile" in done.stdout + done.stderr


@pytest.mark.parametrize("strict", [True, False])
def test_a_failing_cell_shows_its_reason_and_leaves_no_half_result(project, strict):
    """Who has named the cell reads it last. A strict run leaves nothing; else it stands in place of the scores."""
    hot = {"methods": ["metaxl"], "tasks": ["ner"], "training": {"learning_rate": 1.0e30, "clip_norm": 1.0e30}}
    project.configure(MINIATURE | {"strict": strict, "variants": {"hot": hot}})
    cell = CELL.replace("metaxl-L2", "metaxl-L2.hot")
    try:
        done = project.snakemake("--", cell + "/scores.json")
    finally:
        project.configure(MINIATURE)
    assert done.returncode != 0
    assert "not finite at step" in (done.stderr if strict else done.stderr.rstrip().splitlines()[-1])
    left = {path.name for path in (project.folder / cell).glob("*") if path.stat().st_size}
    assert left == (set() if strict else {"failed.json", "scores.json", "representations.npz"})
    assert strict or "best" not in read_json(project.folder / cell / "scores.json")


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A user's own languages in CoNLL and JSON lines, and an encoder folder of their own."""
    from conftest import make_encoder, reviews, sentences

    made = Project(tmp_path_factory.mktemp("own") / "own data")
    for language, count in {"xx": 9, "yy": 14}.items():
        folder = made.folder / "data" / language
        folder.mkdir(parents=True)
        for seed, split in enumerate(("train", "dev", "test")):
            rows = [zip(r["tokens"], r["tags"], strict=True) for r in sentences(count, seed)]
            text = "\n\n".join("\n".join(f"{token}\t{tag}" for token, tag in row) for row in rows)
            (folder / f"{split}.tsv").write_text(text + "\n", encoding="utf-8")
    for language in ("xx", "yy"):
        folder = made.folder / "reviews" / language
        folder.mkdir(parents=True)
        for seed, split in enumerate(("train", "dev", "test")):
            lines = [json.dumps({"text": r["text"], "label": r["label"]}) for r in reviews(8, seed)]
            (folder / f"{split}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (made.folder / "encoder").mkdir()
    make_encoder(made.folder / "encoder", "bert", layers=2)
    training = {"epochs": 1, "target_epochs": 1, "bottleneck": 4, "max_length": 30, "eval_max_length": 30}
    task = {"encoder": "mine", "source": "yy", "source_size": 8, "placement": [2], "placements": [[1]]}
    task |= {"targets": [{"language": "xx"}], "training": training}
    made.configure(
        {"name": "own", "label": "my data", "controls": [], "figure": None}
        | {"encoders": {"mine": {"folder": "encoder"}}}
        | {"files": {"ner": {"xx": "data/xx", "yy": "data/yy"}, "sentiment": {"xx": "reviews/xx", "yy": "reviews/yy"}}}
        | {"ner": task, "sentiment": task}
    )
    return made


@pytest.mark.slow
def test_a_users_own_files_and_encoder_run_to_the_tables(own):
    own.run("--", "tables")
    results = own.folder / "results" / "own"
    assert "xx" in (results / "tables" / "table2.md").read_text()
    report = read_json(results / "data" / "report.json")
    assert [part["examples"] for part in report["parts"] if part["language"] == "xx" and part["task"] == "ner"] == [
        9
    ] * 3
    assert {source["where"] for source in report["sources"] if source["title"] == "your own encoder"} == {"encoder"}
    assert len(read_jsonl(results / "sources" / "ner" / "yy-8.jsonl")) == 8
    assert len(list(results.glob("cells/**/scores.json"))) == 8


def test_bad_data_is_told_with_file_and_line(own):
    path = own.folder / "data" / "xx" / "train.tsv"
    old = append(path, "word\n")
    line = old.count("\n") + 1
    try:
        done = own.snakemake("--", "results/own/data/ner/xx/train.jsonl")
    finally:
        path.write_text(old, encoding="utf-8")
    assert f"data/xx/train.tsv:{line}: " in done.stdout + done.stderr


def test_a_folder_that_has_gone_is_told_before_anything_runs(own):
    """Also of an experiment whose results are there."""
    folder = own.folder / "data" / "yy"
    folder.rename(own.folder / "data" / "away")
    try:
        done = own.snakemake("--dry-run", "--", "tables")
    finally:
        (own.folder / "data" / "away").rename(folder)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "data/yy: does not exist; expected a folder with train, dev and test, or a file." in said
    assert "Traceback" not in said


@pytest.mark.slow
def test_an_own_encoder_counts_by_its_content(own):
    """A newer time reruns nothing; other weights of the same time train every cell again."""
    own.run("--", "tables")
    weights = own.folder / "encoder" / "model.safetensors"
    content, kept = weights.read_bytes(), weights.stat()
    limit = ("--max-checksum-file-size", "1000")
    os.utime(weights, (2_000_000_000, 2_000_000_000))
    assert not {"encoder", "encode_target", "train"} & set(own.planned(*limit, "--", "tables"))
    try:
        weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        os.utime(weights, ns=(kept.st_atime_ns, kept.st_mtime_ns))
        counts = own.planned("--", "tables")
    finally:
        weights.write_bytes(content)
        os.utime(weights, ns=(kept.st_atime_ns, kept.st_mtime_ns))
    assert (counts["encoder"], counts["train"]) == (1, 8)
