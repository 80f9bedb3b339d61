"""Gather the words of the screens into the catalogues: new messages arrive empty, unused ones leave.

Run by `make messages`; `tests/test_translations.py` says what is still missing.
"""

import re
import sys
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from babel.messages.catalog import Catalog  # noqa: E402
from babel.messages.extract import extract_from_dir  # noqa: E402
from babel.messages.frontend import parse_mapping_cfg  # noqa: E402
from babel.messages.pofile import read_po, write_po  # noqa: E402

# Header lines that change at every run, or that nobody fills in: they would be noise in every change.
_STAMPS = re.compile(
    r'^"(POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Report-[^:]+|Generated-By):.*\n', re.MULTILINE
)
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}


def extract_messages() -> Catalog:
    """Every message of the source, as a template catalogue."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found = Catalog()
    for file_name, _line, message, _comments, context in extract_from_dir(
        ROOT / "callcenter", methods, options, keywords=KEYWORDS
    ):
        found.add(message, locations=[(f"callcenter/{file_name}", 0)], context=context)
    return found


def catalogue_files() -> list[Path]:
    """The catalogues kept, one a language; English needs none."""
    return sorted((ROOT / "callcenter" / "locale").glob("*/LC_MESSAGES/messages.po"))


def update(file: Path) -> int:
    """Bring one catalogue up to the source; tell how many messages await a translation."""
    with file.open("rb") as source:
        kept = read_po(source, locale=file.parent.parent.name)
    kept.update(extract_messages(), no_fuzzy_matching=True)
    kept.obsolete.clear()
    written = BytesIO()
    write_po(written, kept, sort_by_file=True, include_lineno=False, width=120)
    file.write_text(_STAMPS.sub("", written.getvalue().decode()), encoding="utf-8")
    return sum(not all(one.string if one.pluralizable else (one.string,)) for one in kept if one.id)


if __name__ == "__main__":
    for one in catalogue_files():
        print(f"{one.relative_to(ROOT)}: {update(one)} to translate")
