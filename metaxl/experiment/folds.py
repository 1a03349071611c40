"""Folds of a cross-validation: to the rules each is a language of its own, `lug-fold2`; a table shows them as one."""

from __future__ import annotations

import re
from dataclasses import replace

from metaxl.experiment.cell import Cell

CODE = re.compile(r"(.+)-fold([1-9]\d*)")


def fold_code(language: str, fold: int) -> str:
    """Return the code of a language's fold, which is counted from 1; of fold 0 the language's own."""
    return f"{language}-fold{fold}" if fold else language


def split_code(code: str) -> tuple[str, int]:
    """Return the language and the fold that a code names; fold 0 where it names none."""
    parts = CODE.fullmatch(code)
    return (parts[1], int(parts[2])) if parts else (code, 0)


def fold_cells(cell: Cell, folds: int) -> list[Cell]:
    """Return the cells of a target's folds, or the cell itself where there are none."""
    return [replace(cell, target=fold_code(cell.target, fold)) for fold in range(1, folds + 1)] or [cell]
