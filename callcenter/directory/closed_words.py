"""The house's own sentences for a caller whom nobody answers now. Pure.

Spoken by a voice: days and hours are said as people say them.
"""

from datetime import datetime

from callcenter.core.emergency_words import emergency_sentence, spoken_language

_WEEKDAYS = {
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS = {
    "fr": (
        *("janvier", "février", "mars", "avril", "mai", "juin"),
        *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}
_CLOSED = {
    "fr": "Le secrétariat ne répond pas pour le moment.",
    "en": "The secretariat is closed at the moment.",
}
_OPENS = {
    "fr": "Le secrétariat répond à partir {when}.",
    "en": "The secretariat answers from {when}.",
}
_PUT_THROUGH = {
    "fr": "Nous vous mettons en relation.",
    "en": "We are putting you through.",
}


def closed_sentence(
    *,
    own_emergency: str,
    country: str,
    language: str,
    now: datetime,
    opening: datetime | None,
    is_put_through: bool,
) -> str:
    """What to do in an emergency first, then when somebody answers; ``now`` and ``opening`` in the practice's zone."""
    spoken = spoken_language(language)
    said = [emergency_sentence(own_emergency, country=country, language=spoken)]
    if is_put_through:
        said += [_CLOSED[spoken], _PUT_THROUGH[spoken]]
    elif opening is None:
        said.append(_CLOSED[spoken])
    else:
        said.append(_OPENS[spoken].format(when=_english(now, opening) if spoken == "en" else _french(now, opening)))
    return " ".join(said)


def with_emergency_first(emergency: str, sentence: str) -> list[str]:
    """What a caller of a closed line hears: the emergency sentence always, and once, then the closure's."""
    return [sentence] if sentence.startswith(emergency) else [emergency, sentence]


def _french(now: datetime, opening: datetime) -> str:
    hour = {0: "minuit", 1: "1 heure", 12: "midi"}.get(opening.hour, f"{opening.hour} heures")
    clock = f"{hour} {opening.minute}" if opening.minute else hour
    days = (opening.date() - now.date()).days
    if days == 0:
        return f"de {clock}"
    if days == 1:
        return f"de demain {clock}"
    weekday = _WEEKDAYS["fr"][opening.weekday()]
    if days < 7:
        return f"de {weekday} {clock}"
    day = "1er" if opening.day == 1 else str(opening.day)
    return f"du {weekday} {day} {_MONTHS['fr'][opening.month - 1]} à {clock}"


def _english(now: datetime, opening: datetime) -> str:
    half = "a.m." if opening.hour < 12 else "p.m."
    hour = opening.hour % 12 or 12
    clock = f"{hour}:{opening.minute:02d} {half}" if opening.minute else f"{hour} {half}"
    if (opening.hour, opening.minute) in {(0, 0), (12, 0)}:
        clock = "midnight" if opening.hour == 0 else "noon"
    days = (opening.date() - now.date()).days
    if days == 0:
        return clock.rstrip(".")
    if days == 1:
        return f"tomorrow, {clock}".rstrip(".")
    weekday = _WEEKDAYS["en"][opening.weekday()]
    if days < 7:
        return f"{weekday}, {clock}".rstrip(".")
    return f"{weekday} {opening.day} {_MONTHS['en'][opening.month - 1]}, {clock}".rstrip(".")
