"""Words in the reader's language: gettext catalogues, and the moments and durations of the trade.

Message ids are English. Catalogues are kept as ``.po`` text only and compiled in memory at the start, so that no
compiled file can be older than its source. The language stands in a ContextVar: each request, job or test sets its own.
"""

import gettext as _gettext
from contextvars import ContextVar
from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from babel import dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES: dict[str, str] = {"fr": "Français", "en": "English"}

_LOCALE_DIR = Path(__file__).parent.parent / "locale"
_language: ContextVar[str] = ContextVar("language", default="fr")
# British English: days before months and hours from 0 to 24, as the rest of the product shows them.
_BABEL_LOCALES = {"fr": "fr", "en": "en_GB"}


def load_catalogues() -> None:
    """Compile every catalogue now, so that a broken one stops the start and no reader waits for it."""
    for language in LANGUAGES:
        _catalogue(language)


def set_language(language: str) -> None:
    """Choose the language of this context; an unknown one raises ``ValueError``."""
    if language not in LANGUAGES:
        raise ValueError(f"no such language: {language!r}; there are {', '.join(LANGUAGES)}")
    _language.set(language)


def current_language() -> str:
    """The language of this context: ``fr`` or ``en``."""
    return _language.get()


def N_(message: str) -> str:  # noqa: N802  (gettext's own name, which extractors look for)
    """Mark a message for translation now, to be translated when it is shown."""
    return message


def gettext(message: str, **values: object) -> str:
    """The message in this context's language; named placeholders ``%(name)s`` filled from ``values``.

    A message without values is returned as it stands, so that a per cent sign needs no doubling.
    """
    translated = lookup(message)
    return translated % values if values else translated


_ = gettext


def ngettext(singular: str, plural: str, number: int, **values: object) -> str:
    """The form that suits the number (French says « 0 appel »); ``%(num)s`` is the number itself."""
    return lookup_plural(singular, plural, number) % {"num": number, **values}


def lookup(message: str) -> str:
    """The translation with its placeholders still open: templates fill them, and escape what they fill in."""
    return _catalogue(_language.get()).gettext(message) if message else ""


def lookup_plural(singular: str, plural: str, number: int) -> str:
    """Like ``lookup``, in the form that suits the number."""
    return _catalogue(_language.get()).ngettext(singular, plural, number)


def format_date_long(day: date) -> str:
    """« lundi 23 novembre »; a datetime must already be in the zone of whoever reads."""
    return dates.format_date(day, "EEEE d MMMM", locale=_locale())


def format_weekday(day: date) -> str:
    """« lundi »: a day that is near."""
    return dates.format_date(day, "EEEE", locale=_locale())


def format_day_short(day: date) -> str:
    """« lun. 23 nov. »: agenda columns and lists."""
    return dates.format_date(day, "EEE d MMM", locale=_locale())


def format_span(first_day: date, last_day: date) -> str:
    """« 23 – 27 novembre 2026 »: the days of a week as a title."""
    begins = "d" if (first_day.year, first_day.month) == (last_day.year, last_day.month) else "d MMMM"
    if first_day.year != last_day.year:
        begins = "d MMMM y"
    first, last = (
        dates.format_date(day, form, locale=_locale()) for day, form in ((first_day, begins), (last_day, "d MMMM y"))
    )
    return f"{first} – {last}"


def format_date_numeric(day: date) -> str:
    """« 14/03/1958 »: dates of birth, read aloud figure by figure."""
    return f"{day.day:02d}/{day.month:02d}/{day.year:04d}"


def format_time(moment: datetime | time, zone: tzinfo | None = None) -> str:
    """« 09:15 »; with a zone, an aware instant is first put into it."""
    if zone is not None and isinstance(moment, datetime):
        moment = moment.astimezone(zone)
    return f"{moment.hour:02d}:{moment.minute:02d}"


def format_duration(duration: timedelta | float) -> str:
    """« 0:42 », « 12:05 », « 1:02:03 »; seconds or a timedelta, never below zero."""
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, last = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{last:02d}" if hours else f"{minutes}:{last:02d}"


def format_number(value: float) -> str:
    """« 2,8 »: as the language writes it."""
    return str(numbers.format_decimal(value, locale=_locale()))


def _locale() -> str:
    return _BABEL_LOCALES[_language.get()]


@lru_cache
def _catalogue(language: str) -> _gettext.NullTranslations:
    source = _LOCALE_DIR / language / "LC_MESSAGES" / "messages.po"
    if not source.exists():
        return _gettext.NullTranslations()  # English: the ids are the text
    with source.open("rb") as file:
        messages = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return _gettext.GNUTranslations(compiled)
