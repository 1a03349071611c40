"""A digest sees every edit to the code that a rule runs, however deep, and nothing that changes nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from metaxl import provenance
from metaxl.encoder.open import PACKED, WRAPPED
from metaxl.experiment.spec import Recipe, training_digest
from metaxl.planning import code

MODULES = {
    "__init__": '"""A package."""\n',
    "top": "from pack import middle\n\n\ndef run(x):\n    return middle.twice(x) + 1\n",
    "middle": "import pack.top\n\n\ndef twice(x):\n    from pack.bottom import FACTOR\n\n    return FACTOR * x\n",
    "bottom": "import json\n\nFACTOR = 2\n",
    "aside": "from pack.top import run\n\nrun(1)\n",
}
# `top` as a formatter and a writer of docstrings would leave it.
DRESSED = '''"""Say what it is."""
from pack import middle
def run(x):
  """Run it."""
  return (middle.twice(x)
          + 1)  # one more
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return a function that gives the digest of pack.top, with some modules' code replaced."""
    folder = tmp_path / "pack"
    folder.mkdir()
    monkeypatch.setattr(provenance, "PACKAGE", folder)

    def digest(**edited):
        for name, source in {**MODULES, **edited}.items():
            (folder / f"{name}.py").write_text(source, encoding="utf-8")
        return provenance.digest.__wrapped__("pack.top")

    return digest


@pytest.mark.parametrize(
    "edit",
    [
        {"top": DRESSED},
        {"bottom": "import json\n\nFACTOR = 2  # for two\n"},
        {"aside": "print('other code')\n"},
    ],
    ids=["docstrings and layout", "a comment deep down", "a module that is not imported"],
)
def test_digest_does_not_see_what_changes_nothing(package, edit):
    """Comments, docstrings, layout and modules beside the imports rerun nothing."""
    assert package(**edit) == package()


@pytest.mark.parametrize(
    "edit",
    [
        {"top": MODULES["top"].replace("+ 1", "+ 2")},
        {"middle": MODULES["middle"].replace("FACTOR * x", "x * FACTOR")},
        {"bottom": MODULES["bottom"].replace("2", "3")},
        {"bottom": MODULES["bottom"] + "'a docstring of nothing'\nfrom pack import aside\n"},
    ],
    ids=["own code", "an import", "a local import of an import", "one more import"],
)
def test_digest_sees_code_however_deep(package, edit):
    """A change in the module or in anything that it reaches, around a circle of imports too."""
    assert package(**edit) != package()


def test_digest_refuses_relative_imports(package):
    """They would be followed nowhere, so that a change behind them went unseen."""
    with pytest.raises(ImportError, match=r"middle\.py:2: relative import; name the module in full\."):
        package(middle='"""Two lines."""\nfrom . import bottom\n')


@pytest.mark.parametrize("module", ["metaxl.nothing", "metaxl.data.corpora.wikian", "metaxl.data.read.read_split"])
def test_an_unknown_module_has_no_digest(module):
    """A digest of nothing would never change, and a misspelt name would switch reruns off for good."""
    with pytest.raises(ModuleNotFoundError, match=module):
        provenance.digest.__wrapped__(module)


@pytest.mark.parametrize("name", ["python3.11", "python3.12", "python3.13", "python3.14"])
def test_another_python_gives_the_same_digest(name):
    """So that what a cluster's Python has trained is known at home."""
    ask = "import metaxl.provenance as p; print(p.digest('metaxl.training.train'), p.digest('metaxl.cli.main'))"
    path = shutil.which(name)
    runs = path and subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0
    if not runs:
        pytest.skip(f"no {name} here")
    root = provenance.PACKAGE.parent
    answers = [subprocess.check_output([python, "-c", ask], cwd=root) for python in (sys.executable, path)]
    assert answers[0] == answers[1]


class Asked:
    """A package, and the digests that a new process would ask for."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.made, self.meanwhile = folder, 0, None
        (folder / "deep").mkdir(parents=True)
        self.edit("X = 1")
        self.edit("Y = 1", "deep/low.py")
        self.digest = provenance.digest.__wrapped__
        monkeypatch.setattr(provenance, "PACKAGE", folder)
        monkeypatch.setattr(provenance, "digest", self.make)

    def edit(self, text, module="top.py"):
        (self.folder / module).write_text(f"{text}\n", encoding="utf-8")

    def make(self, name):
        self.made += 1
        found = self.digest(name)
        if self.meanwhile:
            self.edit(self.meanwhile)
        return found

    def __call__(self, name="pack.top"):
        code._known.cache_clear()
        return code.digest(name)


@pytest.fixture
def asked(tmp_path, monkeypatch):
    yield Asked(tmp_path / "pack", monkeypatch)
    code._known.cache_clear()


def test_a_digest_is_made_once_for_each_state_of_the_sources(asked):
    """Whatever the times of the files: a copy or a checkout may set any."""
    first = asked()
    assert asked() == first == asked.digest("pack.top")
    assert asked.made == 1
    top = asked.folder / "top.py"
    times = top.stat()
    asked.edit("X = 2")
    os.utime(top, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert asked() == asked.digest("pack.top") != first
    assert asked.made == 2


@pytest.mark.parametrize("linked", [False, True])
def test_modules_have_digests_of_their_own_and_an_edit_below_is_seen(asked, tmp_path, linked):
    """In a folder that is a link too, as an import goes through it."""
    if linked:
        shutil.move(asked.folder / "deep", tmp_path / "elsewhere")
        (asked.folder / "deep").symlink_to(tmp_path / "elsewhere")
    before = asked(), asked("pack.deep.low")
    assert before == (asked.digest("pack.top"), asked.digest("pack.deep.low"))
    assert before[0] != before[1]
    asked.edit("Y = 2", "deep/low.py")
    assert (asked(), asked("pack.deep.low")) == (before[0], asked.digest("pack.deep.low"))
    assert asked("pack.deep.low") != before[1]


def test_what_is_no_module_stops_nothing(asked):
    """Editors leave links to nothing beside a file that is not saved; a folder may be named as a module."""
    (asked.folder / ".#top.py").symlink_to("me@host.1:2")
    (asked.folder / "folder.py").mkdir()
    (asked.folder / "round").symlink_to(asked.folder)
    assert asked() == asked() == asked.digest("pack.top")
    assert asked.made == 1


def test_a_training_s_digest_is_of_its_recipe_and_network(tmp_path, monkeypatch):
    monkeypatch.setattr(code, "_place", lambda: tmp_path / "digests.json")
    recipes = [Recipe("metaxl.method.plain:joint", (), ""), Recipe("metaxl.method.steps:metaxl", (), "")]
    for _ in range(2):
        code._known.cache_clear()
        for recipe in recipes:
            for network in (PACKED, WRAPPED):
                assert code.training_digest(recipe, network) == training_digest(recipe, network)
    assert len(set(json.loads((tmp_path / "digests.json").read_text())["digests"].values())) == 4
    code._known.cache_clear()


@pytest.mark.parametrize("kept", ["", "[]", "{", '{"sources": 1}', '{"sources": @, "digests": 3}'])
def test_a_damaged_file_of_digests_is_no_digest(asked, kept):
    right = asked()
    code._place().write_text(kept.replace("@", json.dumps(code._sources())), encoding="utf-8")
    assert (asked(), asked()) == (right, right)
    assert asked.made == 2


def test_digests_are_made_where_none_can_be_kept(asked):
    """A package that somebody else installed may not be written to."""
    code._place().parent.touch()
    assert asked() == asked() == asked.digest("pack.top")
    assert asked.made == 2


def test_a_digest_of_sources_that_change_meanwhile_is_not_kept(asked):
    """Nor with another one that is asked for when they are as they were."""
    asked.meanwhile = "X = 2"
    right = asked()
    asked.edit("X = 3")
    assert code.digest("pack.top") != right
    asked.meanwhile = None
    asked.edit("X = 1")
    code.digest("pack.deep.low")
    assert asked() == right
