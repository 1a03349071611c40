"""The LaTeX tables compile, with the engine that their first line asks for, and lie within the page."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from evidence import Records
from experiments import load, small
from so_far import of_languages
from test_tables import NASTY

from metaxl.experiment.grid import tables
from metaxl.reporting.languages import write_languages
from metaxl.reporting.tables import to_latex

GEORGIAN = "ქართული, Кечуа and a “quotation” — é ñ č"
DOCUMENT = r"""\documentclass[twocolumn]{article}
%s
\begin{document}
%s
\end{document}
"""
FONTS = {"pdflatex": r"\usepackage[T1]{fontenc}", "lualatex": r"\usepackage{fontspec}\setmainfont{DejaVu Sans}"}


def compiled(engine: str, table: str, folder) -> str:
    """Return what an engine says of a document with the table, which it must set without a fault."""
    if shutil.which(engine) is None:
        pytest.skip(
            f"{engine} is not installed (Debian: texlive-latex-recommended, texlive-luatex); nothing is compiled"
        )
    needed = re.match(r"% needs (\\usepackage\{[a-z,]+\})", table)[1]
    (folder / "table.tex").write_text(DOCUMENT % (FONTS[engine] + needed, table), encoding="utf-8")
    command = [engine, "-interaction=nonstopmode", "-halt-on-error", "table.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=300)
    said = (folder / "table.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, said[-3000:]
    assert (folder / "table.pdf").stat().st_size > 1000
    return said


def written(root, raw) -> dict[str, str]:
    """Return every table of invented records as LaTeX."""
    made = Records(root, load(raw), lambda cell: 0.8)
    texts = {str(table.number): to_latex(made.filled(table.number)) for table in tables(made.config)}
    languages = next(path for path in write_languages(made.config, root) if path.suffix == ".tex")
    return texts | {"languages": languages.read_text(encoding="utf-8")}


@pytest.mark.slow
@pytest.mark.parametrize("engine", list(FONTS))
@pytest.mark.parametrize("number", ["2", "3", "5", "languages"])
def test_a_table_compiles_and_lies_within_the_page(tmp_path, engine, number):
    """Law: also with text that LaTeX would read as commands, and of every method."""
    controls = ["joint-half", "metaxl-frozen", "metaxl-decay", "joint-rtn", "target-matched", "zero-shot"]
    table = written(tmp_path, small(label=" ".join(NASTY.split()), seeds=[11, 12], controls=controls))[number]
    said = compiled(engine, table, tmp_path)
    assert "Overfull" not in said
    assert r"\toprule" in table


@pytest.mark.slow
@pytest.mark.parametrize("engine", list(FONTS))
@pytest.mark.parametrize("count", [8, 50])
def test_many_languages_compile(tmp_path, engine, count):
    said = compiled(engine, written(tmp_path, of_languages(count, seeds=[11], related=False))["2"], tmp_path)
    assert "Overfull" not in said


@pytest.mark.slow
def test_letters_that_pdflatex_lacks_are_told_and_lualatex_sets_them(tmp_path):
    """Law: the first line says so exactly where they are needed, and no letter is lost then."""
    plain, foreign = (written(tmp_path, small(label=label, seeds=[11]))["2"] for label in ("Quechua", GEORGIAN))
    assert "LuaLaTeX" not in plain.splitlines()[0]
    assert "its letters need LuaLaTeX or XeLaTeX" in foreign.splitlines()[0]
    assert "Missing character" not in compiled("lualatex", foreign, tmp_path)
