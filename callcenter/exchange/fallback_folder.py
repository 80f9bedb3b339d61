"""A folder of static documents, written so that a web server may read it at any moment."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# What this program made, so that it removes nothing else; hidden from a listing of the folder.
MANIFEST = ".callcenter-fallback.json"
SUFFIX = ".xml"


@dataclass(frozen=True, slots=True)
class Written:
    """What became of the folder, each a sorted list of file names."""

    written: list[str]
    unchanged: list[str]
    removed: list[str]


def write_folder(folder: Path, documents: Mapping[str, str]) -> Written:
    """Make the folder hold these documents (file name to text), and no other that an earlier run made.

    Each file is replaced at once: whoever reads meanwhile gets the document before or the one after.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = _read_manifest(folder)
    # Noted first: what is written when the run is cut short is known to the next one.
    _replace(folder / MANIFEST, json.dumps(sorted(made | set(documents)), indent=1))
    written = [name for name in sorted(documents) if _replace(folder / name, documents[name])]
    gone = sorted(name for name in made - set(documents) if (folder / name).is_file())
    for name in gone:
        (folder / name).unlink()
    _replace(folder / MANIFEST, json.dumps(sorted(documents), indent=1))
    return Written(written, sorted(set(documents) - set(written)), gone)


def _replace(file: Path, text: str) -> bool:
    """Write the file unless it says so already; whether it was written."""
    content = text.encode()
    if file.is_file() and file.read_bytes() == content:
        return False
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
    return True


def _read_manifest(folder: Path) -> set[str]:
    file = folder / MANIFEST
    if not file.is_file():
        return set()
    try:
        names = json.loads(file.read_bytes())
    except ValueError:
        return set()
    # The folder may have been anywhere: only plain names of documents are believed.
    plain = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    return {name for name in plain if Path(name).name == name and name.endswith(SUFFIX)}
