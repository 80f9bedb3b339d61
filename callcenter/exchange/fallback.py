"""What callers hear when this product is out of reach: one document per line, which needs nothing of ours.

The carrier fetches it from another server, by GET. Never a conference: nobody would join or close it.
"""

from urllib.parse import quote

from callcenter.directory.line_entry import LineEntry
from callcenter.telephony import twiml
from callcenter.telephony.sentences import call_later, emergency_sentence, if_unanswered, putting_through


def document_name(entry: LineEntry) -> str:
    """The file of a line; its id keeps two lines of one practice apart."""
    return f"{entry.practice_code}-{entry.line_id}.xml"


def document_address(fallback_url: str, entry: LineEntry) -> str:
    """Where the carrier finds a line's document; empty when no folder is published."""
    return f"{fallback_url}/{quote(document_name(entry))}" if fallback_url else ""


def static_document(entry: LineEntry) -> str:
    """The emergency sentence, then the practice's backup number; without one, the request to call again later."""
    language = entry.language
    emergency = emergency_sentence(entry.emergency_sentence, country=entry.country, language=language)
    if not entry.backup_number:
        return twiml.announcement([emergency, call_later(language)], language=language)
    return twiml.announcement(
        [emergency, putting_through(language)],
        language=language,
        number=entry.backup_number,
        caller=entry.number,
        afterwards=[if_unanswered(language)],
    )
