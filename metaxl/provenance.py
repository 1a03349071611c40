"""What made a result: a digest of the code it ran, and the versions of the libraries."""

from __future__ import annotations

import ast
import hashlib
import platform
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parent
LIBRARIES = ("numpy", "tokenizers", "torch")


@cache
def digest(module: str) -> str:
    """Return a digest of a module of this package and all that it imports from it.

    Comments, docstrings and layout do not count: an edit to them reruns nothing. Neither does the version of Python: a
    cell that a cluster has trained is read at home. Snakemake sees the digest as a parameter of the rule, for it does
    not watch the code of `python -m`.

    Raises:
        ModuleNotFoundError: this package has no such module; a digest of nothing would never change.
    """
    if _file(module) is None:
        raise ModuleNotFoundError(f"{module}: no such module below {PACKAGE.parent}")
    parts = [_form(_meaning(path)) for path in sorted(_closure(module))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def code_digest(*modules: str) -> str:
    """Return the digest of several modules, in any order."""
    return hashlib.sha256("".join(map(digest, sorted(set(modules)))).encode()).hexdigest()[:16]


def load(address: str) -> Any:
    """Return what "module:name" names: code that is chosen by a setting, so that its digest counts where it is chosen.

    Raises:
        ImportError: there is no such module, or it has no such name.
    """
    module, _, name = address.partition(":")
    try:
        return getattr(import_module(module), name)
    except AttributeError as error:
        raise ImportError(f"{address}: the module has no {name!r}.") from error


def library_versions() -> dict[str, str]:
    """Return the versions of what computes: Python and the numerical libraries."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def _closure(module: str) -> set[Path]:
    """Return the files of `module` and of every module of this package that it imports, however deep."""
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        path = _file(waiting.pop())
        if path and path not in found:
            found.add(path)
            waiting += _imports(path)
    return found


def _file(module: str) -> Path | None:
    base = PACKAGE.parent.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


def _imports(path: Path) -> list[str]:
    names = []
    for node in _executed(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level or node.module is None:
                raise ImportError(f"{path}:{node.lineno}: relative import; name the module in full.")
            # The imported name may itself be a module, as in `from metaxl.method import rtn`.
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [name for name in names if name.startswith(f"{PACKAGE.name}.")]


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a tree but those that only a type checker reads."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING"):
            yield from _executed(child)


def _meaning(path: Path) -> ast.Module:
    """Return a syntax tree without docstrings, and without the empty texts that Python 3.12 adds to f-strings."""
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:]
        elif isinstance(node, ast.JoinedStr):
            node.values = [part for part in node.values if not (isinstance(part, ast.Constant) and part.value == "")]
    return tree


def _form(part: Any) -> str:
    """Return a syntax tree as text, without the fields that are empty: a newer Python has more of those."""
    if isinstance(part, list):
        return f"[{','.join(map(_form, part))}]"
    if not isinstance(part, ast.AST):
        return repr(part)
    fields = (f"{name}={_form(value)}" for name, value in ast.iter_fields(part) if value is not None and value != [])
    return f"{type(part).__name__}({','.join(fields)})"
