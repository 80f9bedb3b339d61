"""What every caller must be able to hear: what to do in an emergency, in the practice's language. Pure.

French and English; practices with another language are heard in French until their texts exist.
"""

from callcenter.core.text import clean_line

SPOKEN_LANGUAGES = ("fr", "en")
# The number for an emergency by country (France: SAMU; Switzerland: 144; elsewhere 112, the European number).
_NUMBERS = {"FR": "15", "CH": "144"}
_SENTENCES = {
    "fr": "En cas d'urgence vitale, raccrochez et composez le {number}.",
    "en": "If this is a life-threatening emergency, hang up and dial {number}.",
}


def spoken_language(language: str) -> str:
    """The language a caller of this practice is spoken to in."""
    return language if language in SPOKEN_LANGUAGES else "fr"


def emergency_sentence(own: str, *, country: str, language: str) -> str:
    """What to do in an emergency: the practice's own sentence, else the country's (ISO 3166)."""
    said = clean_line(own, limit=300)
    if said:
        return said
    # The digits apart: a voice would read a number of three as a hundred and something.
    number = " ".join(_NUMBERS.get(country, "112")) if country != "FR" else "15"
    return _SENTENCES[spoken_language(language)].format(number=number)
