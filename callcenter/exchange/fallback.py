"""What callers hear when this product is out of reach: one document per line, which needs nothing of ours.

The carrier fetches it from another server, by GET. Never a conference: nobody would join or close it.
"""

from urllib.parse import quote

from callcenter.directory.line_book import LineEntry
from callcenter.telephony import twiml


def document_name(entry: LineEntry) -> str:
    """The file of a line; its id keeps two lines of one practice apart."""
    return f"{entry.practice_code}-{entry.line_id}.xml"


def document_address(fallback_url: str, entry: LineEntry) -> str:
    """Where the carrier finds a line's document; empty when no folder is published."""
    return f"{fallback_url}/{quote(document_name(entry))}" if fallback_url else ""


def static_document(entry: LineEntry) -> str:
    """The emergency sentence, then the practice's backup number; without one, the request to call again later."""
    french = entry.language != "en"
    sentences = _FRENCH if french else _ENGLISH
    first = entry.emergency_sentence or sentences.emergency
