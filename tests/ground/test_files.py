"""Writes: all or nothing at any moment, with the modes of the umask, and no litter of killed processes."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from metaxl.files import atomic_folder, atomic_path, write_text

ROOT = Path(__file__).resolve().parents[2]


def content(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o022, 0o077, 0o002], ids=oct)
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_what_is_written_has_the_modes_of_the_umask(tmp_path, umask):
    """Shared results can be read by whom the umask lets; safetensors, mkstemp and mkdtemp ignore it."""
    write_text(tmp_path / "new" / "x.txt", "x")
    with atomic_folder(tmp_path / "folder") as folder:
        (folder / "deep").mkdir()
        for name in ("weights", "deep/weights"):
            (folder / name).write_text("x")
            (folder / name).chmod(0o600)
        (folder / "deep").chmod(0o700)
    assert mode(tmp_path / "new" / "x.txt") == 0o666 & ~umask
    for name in ("folder/weights", "folder/deep/weights"):
        assert mode(tmp_path / name) == 0o666 & ~umask
    for name in ("new", "folder", "folder/deep"):
        assert mode(tmp_path / name) == 0o777 & ~umask


def test_a_file_that_has_another_name_keeps_its_modes(tmp_path):
    """The weights of the user's own folder are linked, not copied, and stay as they are."""
    own = tmp_path / "own"
    own.write_text("x")
    own.chmod(0o440)
    with atomic_folder(tmp_path / "encoder") as folder:
        os.link(own, folder / "weights")
        (folder / "link").symlink_to(own)
        (folder / "dangling").symlink_to(tmp_path / "nowhere")
    assert mode(own) == 0o440


def test_until_the_end_of_the_block_the_old_file_stands(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("old")
    with atomic_path(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
        assert temporary.parent == path.parent
        assert temporary.suffix == path.suffix
    assert path.read_text() == "new"
    assert content(tmp_path) == {"x.txt": "new"}


def test_until_the_end_of_the_block_the_old_folder_stands(tmp_path):
    path = tmp_path / "x"
    write_text(path / "a", "old")
    with atomic_folder(path) as temporary:
        (temporary / "b").write_text("new")
        assert content(path) == {"a": "old"}
    assert content(tmp_path) == {"x/b": "new"}


@pytest.mark.parametrize("atomic", [atomic_path, atomic_folder])
def test_an_error_leaves_the_old_and_nothing_else(tmp_path, atomic):
    path = tmp_path / "x"
    write_text(path if atomic is atomic_path else path / "a", "old")
    before = content(tmp_path)

    def write():
        with atomic(path) as temporary:
            write_text(temporary / "b" if atomic is atomic_folder else temporary, "new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write()
    assert content(tmp_path) == before
    assert [child.name for child in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("atomic", [atomic_path, atomic_folder])
def test_what_is_written_is_synced_before_it_is_renamed(tmp_path, monkeypatch, atomic):
    """A rename that reaches the disk before the content leaves an empty file after a power cut."""
    done = []
    monkeypatch.setattr(os, "fsync", lambda handle: done.append(Path(os.readlink(f"/proc/self/fd/{handle}"))))
    for kind in ("replace", "rename"):
        move = getattr(Path, kind)
        monkeypatch.setattr(Path, kind, lambda self, to, move=move: (done.append("renamed"), move(self, to))[1])
    with atomic(tmp_path / "x") as temporary:
        written = [temporary] if atomic is atomic_path else [temporary / "deep" / "b", temporary / "deep", temporary]
        written[0].parent.mkdir(exist_ok=True)
        written[0].write_text("x")
    assert done == [*written, "renamed"]


KILLED = """
import os, signal, sys
from pathlib import Path
from metaxl.files import atomic_folder, atomic_path
kind, path, renames = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
rename = Path.rename
def counted(self, target):
    global renames
    if renames == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    renames -= 1
    return rename(self, target)
Path.rename = counted
with (atomic_folder if kind == "folder" else atomic_path)(path) as temporary:
    (temporary / "b" if kind == "folder" else temporary).write_text("new")
    if renames < 0:
        os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(kind: str, path: Path, renames: int):
    """Write `path` in a process that is killed in the block (-1), or after so many renames."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", KILLED, kind, str(path), str(renames)], env=environment, timeout=60)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("renames", [-1, 0, 1])
def test_a_kill_never_loses_the_old_folder(tmp_path, renames):
    """In the block, before and between the two renames; whoever writes next finds the old one."""
    path = tmp_path / "x"
    write_text(path / "a", "old")
    killed("folder", path, renames)

    def fail():
        with atomic_folder(path):
            assert content(path) == {"a": "old"}
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert content(tmp_path) == {"x/a": "old"}
    assert [child.name for child in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize(("kind", "name"), [("folder", "x"), ("file", "x.npz"), ("file", "x"), ("folder", "x.y")])
def test_what_a_killed_writer_left_goes_with_the_next_write(tmp_path, kind, name):
    path = tmp_path / name
    killed(kind, path, -1)
    assert len(list(tmp_path.iterdir())) == 1
    if kind == "folder":
        with atomic_folder(path) as folder:
            (folder / "b").write_text("new")
    else:
        write_text(path, "new")
    assert [child.name for child in tmp_path.iterdir()] == [name]


def test_what_others_write_or_keep_stays(tmp_path):
    """A writer that lives, one of another machine, and files that only look alike."""
    kept = [".x-notes", ".x-1-00000000-abc", f".x-{2**22 + 1}-0000000-abc", ".xy-1-a-b"]
    for name in kept:
        (tmp_path / name).write_text("kept")
    with atomic_path(tmp_path / "x") as other:
        write_text(tmp_path / "x", "mine")
        assert other.exists()
    assert sorted(child.name for child in tmp_path.iterdir()) == sorted([*kept, "x"])


@pytest.mark.parametrize("dangling", [False, True])
def test_a_link_in_place_of_a_folder_stays_one(tmp_path, dangling):
    """The usual way to share a gigabyte: what the link names is replaced, not the link."""
    shared = tmp_path / "disk" / "encoder"
    if not dangling:
        write_text(shared / "a", "old")
    (tmp_path / "encoder").symlink_to(shared, target_is_directory=True)
    with atomic_folder(tmp_path / "encoder") as folder:
        (folder / "b").write_text("new")
    assert (tmp_path / "encoder").is_symlink()
    assert content(shared) == {"b": "new"}
    assert [child.name for child in shared.parent.iterdir()] == ["encoder"]
