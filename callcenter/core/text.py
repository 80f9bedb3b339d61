"""What people type, tamed before it is kept; and names made comparable."""

import re
import unicodedata

from anyascii import anyascii

_SPACES = re.compile(r"\s+")


def clean_line(typed: str | None, *, limit: int = 200) -> str:
    """One line of text: no control characters, no lone surrogates, single spaces, at most ``limit`` characters."""
    return _SPACES.sub(" ", _printable(typed or "", keep="\n\t")).strip()[:limit]


def clean_text(typed: str | None, *, limit: int = 4000) -> str:
    """Several lines of text: line ends kept, every other control character removed."""
    kept = _printable((typed or "").replace("\r\n", "\n").replace("\r", "\n"), keep="\n\t")
    return kept.strip()[:limit]


def printable(typed: str) -> str:
    """Text as it was typed, spaces and line ends included, without what no field can show."""
    return _printable(typed, keep="\n\t")


def search_key(*names: str) -> str:
    """Names as they are searched: lower case, no accents, no punctuation, single spaces."""
    plain = anyascii(" ".join(names)).lower()
    return _SPACES.sub(" ", re.sub(r"[^a-z0-9]+", " ", plain)).strip()


def _printable(text: str, *, keep: str) -> str:
    """Control characters and lone surrogates make invalid XML and a dropped call; direction marks make names lie."""
    bidirectional = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    return "".join(
        c for c in text if c in keep or (unicodedata.category(c) not in {"Cc", "Cs", "Cn"} and c not in bidirectional)
    )
