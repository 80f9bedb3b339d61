"""What a text says, in the practice's language. Pure.

Whoever holds the telephone may read it: no health data, no name of the patient, no speciality, nothing but when and at
whose practice. Only characters of the GSM 7-bit alphabet, for one other character halves what fits in a text.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from anyascii import anyascii

# 3GPP TS 23.038, default alphabet without control characters; the extension's characters cost two and are left out.
_GSM = frozenset(
    "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)

# Fixed here, not taken from a locale library: a text must not change its words with a dependency.
_WEEKDAYS = {
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_CONFIRMATION = {
    "fr": "RDV le {weekday} {day:02d}/{month:02d} à {hour:02d}:{minute:02d}. {practice}",
    "en": "Appointment on {weekday} {day:02d}/{month:02d} at {hour:02d}:{minute:02d}. {practice}",
}
_MOVED = {
    "fr": "RDV déplacé au {weekday} {day:02d}/{month:02d} à {hour:02d}:{minute:02d}. {practice}",
    "en": "Appointment moved to {weekday} {day:02d}/{month:02d} at {hour:02d}:{minute:02d}. {practice}",
}
_SERIES = {
    "fr": "{count} RDV : {times}. {practice}",
    "en": "{count} appointments: {times}. {practice}",
}
_AND_MORE = {"fr": "et {count} autres", "en": "and {count} more"}
_TOLD = 10  # of a longer series the others are told by the reminders

# Read while she is on the line: who hangs up first has lost her place.
_CALLBACK_LINK = {
    "fr": "{practice}. Sans raccrocher, demandez ici un rappel à votre tour : {url}",
    "en": "{practice}. Before you hang up, ask here to be called back in your turn: {url}",
}
_CALLBACK_LINK_SHORT = {
    "fr": "{practice}. Rappel à votre tour : {url}",
    "en": "{practice}. Be called back in your turn: {url}",
}
# To practitioners. Nothing of what it is about: whoever holds the telephone reads it.
_NOTICE = {
    "fr": ("{practice} : un message vous attend. {url}", "{practice} : {count} messages vous attendent. {url}"),
    "en": (
        "{practice}: a message waits for you. {url}",
        "{practice}: {count} messages wait for you. {url}",
    ),
}
_URGENT_NOTICE = {
    "fr": "URGENT, {practice} : un message attend votre réponse. {url}",
    "en": "URGENT, {practice}: a message needs your answer. {url}",
}
_NOTICE_SUBJECT = {
    "fr": ("{practice} : message", "{practice} : {count} messages", "{practice} : message urgent"),
    "en": ("{practice}: message", "{practice}: {count} messages", "{practice}: urgent message"),
}
_TAKEN = {
    "fr": "{practice} : le message que vous avez pris en charge. {url}",
    "en": "{practice}: the message that you have taken. {url}",
}
_READ = {
    "fr": "{practice} : votre message a été lu.",
    "en": "{practice}: your message has been read.",
}
_ONE_SEGMENT, _OF_SEVERAL = 160, 153  # characters


def confirmation_text(starts_at: datetime, *, practice: str, language: str) -> str:
    """The confirmation of an appointment; ``starts_at`` in the place's wall-clock time, ``practice`` its short name."""
    return _when_and_where(_CONFIRMATION, starts_at, practice=practice, language=language)


def moved_text(starts_at: datetime, *, practice: str, language: str) -> str:
    """The new time of an appointment; otherwise as ``confirmation_text``."""
    return _when_and_where(_MOVED, starts_at, practice=practice, language=language)


def series_text(starts_at: Sequence[datetime], *, practice: str, language: str) -> str:
    """The times of a series, at most ten of them; otherwise as ``confirmation_text``."""
    language = language if language in _SERIES else "fr"
    times = [f"{one.day:02d}/{one.month:02d} {one.hour:02d}:{one.minute:02d}" for one in starts_at[:_TOLD]]
    if len(starts_at) > _TOLD:
        times.append(_AND_MORE[language].format(count=len(starts_at) - _TOLD))
    return gsm_text(_SERIES[language].format(count=len(starts_at), times=", ".join(times), practice=practice))


def _when_and_where(words: Mapping[str, str], starts_at: datetime, *, practice: str, language: str) -> str:
    language = language if language in words else "fr"
    return gsm_text(
        words[language].format(
            weekday=_WEEKDAYS[language][starts_at.weekday()],
            day=starts_at.day,
            month=starts_at.month,
            hour=starts_at.hour,
            minute=starts_at.minute,
            practice=practice,
        )
    )


def callback_link_text(url: str, *, practice: str, language: str) -> str:
    """The address by which a caller who waits asks to be rung back, in one segment where that can be.

    ``practice`` is its short name. The address stands last: a sign after it would become part of it.
    """
    language = language if language in _CALLBACK_LINK else "fr"
    long, short = (
        gsm_text(words[language].format(practice=practice, url=url)) for words in (_CALLBACK_LINK, _CALLBACK_LINK_SHORT)
    )
    return long if segments(long) == 1 else short


def notice_text(url: str, *, count: int, is_urgent: bool, practice: str, language: str) -> str:
    """Tells a practitioner that so many messages wait behind this address; ``practice`` is its short name."""
    language = language if language in _NOTICE else "fr"
    words = _URGENT_NOTICE[language] if is_urgent else _NOTICE[language][count > 1]
    return gsm_text(words.format(practice=practice, count=count, url=url))


def notice_subject(*, count: int, is_urgent: bool, practice: str, language: str) -> str:
    """The subject of the same by e-mail."""
    one, several, urgent = _NOTICE_SUBJECT[language if language in _NOTICE_SUBJECT else "fr"]
    return (urgent if is_urgent else several if count > 1 else one).format(practice=practice, count=count)


def taken_text(url: str, *, practice: str, language: str) -> str:
    """What to read is behind this address, for a practitioner who took a message by a key of the telephone."""
    return gsm_text(_TAKEN[language if language in _TAKEN else "fr"].format(practice=practice, url=url))


def read_text(*, practice: str, language: str) -> str:
    """Tells a patient that her message was read."""
    return gsm_text(_READ[language if language in _READ else "fr"].format(practice=practice))


def segments(text: str) -> int:
    """How many texts the carrier bills for these words of the GSM alphabet."""
    return 1 if len(text) <= _ONE_SEGMENT else -(-len(text) // _OF_SEVERAL)


def gsm_text(text: str) -> str:
    """The text in GSM characters only; others become their nearest plain letters."""
    return "".join(c if c in _GSM else "".join(p for p in anyascii(c) if p in _GSM) for c in text)
