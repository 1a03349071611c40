"""Damages of an .npz file, each of which NumPy and the zip library tell by another exception."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

ENTRY = re.compile(rb"PK\x01\x02.{4}(..)(..)", re.DOTALL)  # of the directory at the end: flags and method
DAMAGES = ("nothing", "no archive", "cut", "flipped", "encrypted", "unknown method", "unknown version")


def damage(path: Path, kind: str) -> None:
    """Damage an .npz file as `kind` says."""
    whole = path.read_bytes()
    match kind:
        case "nothing":
            whole = b""
        case "no archive":
            whole = b"no archive"
        case "cut":
            whole = whole[: len(whole) // 2]
        case "flipped":  # every byte of every array, whose sizes and places stay
            with zipfile.ZipFile(path) as archive:
                entries = archive.infolist()
            for entry in entries:
                end = entry.header_offset + 30 + len(entry.filename) + 20 + entry.compress_size
                start = end - entry.compress_size // 2
                whole = whole[:start] + bytes(byte ^ 0xFF for byte in whole[start:end]) + whole[end:]
        case "encrypted":
            whole = ENTRY.sub(lambda entry: entry[0][:8] + b"\x01\x00" + entry[2], whole)
        case "unknown method":
            whole = ENTRY.sub(lambda entry: entry[0][:10] + b"\x63\x00", whole)
        case "unknown version":
            whole = ENTRY.sub(lambda entry: entry[0][:6] + b"\xff\x00" + entry[0][8:], whole)
        case _:
            raise ValueError(kind)
    path.write_bytes(whole)
