"""The first words of a call, as the practice wants them said."""

import string
from collections.abc import Mapping
from datetime import time

from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_

PLACEHOLDERS = ("salutation", "practice", "operator")

# When we ring: the practice's own words are those of somebody who answers.
_OURS = {
    "fr": "{salutation}, {practice}, {operator} à l’appareil. Vous avez cherché à nous joindre.",
    "en": "{salutation}, {practice}, {operator} speaking. You tried to reach us.",
}
_DEFAULTS = {
    "fr": "{practice}, {salutation}, {operator} à votre écoute.",
    "en": "{practice}, {salutation}, {operator} speaking.",
}


def greeting_phrase(template: str, *, hour_local: time, operator: str, practice: str, language: str) -> str:
    """What the operator says first.

    ``hour_local`` is the wall time of the practice; the phrase is in its ``language`` (fr or en), not the operator's.
    A template that is empty or cannot be used gives the default phrase: she must never answer in front of a blank.
    """
    return _filled(template, _DEFAULTS, hour_local, operator=operator, practice=practice, language=language)


def callback_phrase(*, hour_local: time, operator: str, practice: str, language: str) -> str:
    """What the operator says first to a caller whom she rings back; as ``greeting_phrase``."""
    return _filled("", _OURS, hour_local, operator=operator, practice=practice, language=language)


def _filled(
    template: str, default: Mapping[str, str], hour_local: time, *, operator: str, practice: str, language: str
) -> str:
    sentence = template.strip()
    if not sentence or _fault_of(sentence):
        sentence = default.get(language, default["fr"])
    said = sentence.format(salutation=_salutation(hour_local, language), practice=practice, operator=operator)
    return said[:1].upper() + said[1:]


def check_greeting_template(template: str) -> str:
    """The template without outer spaces, as it is to be kept; empty means the default phrase.

    Raises ``Invalid`` (field ``greeting``) for a placeholder that is not known or a lone brace.
    """
    sentence = template.strip()
    fault = _fault_of(sentence)
    if fault == "{":
        raise Invalid(N_("A brace is open or closed alone. Write placeholders like {practice}."), field="greeting")
    if fault:
        raise Invalid(
            N_("%(name)s is not known here. You can use {salutation}, {practice} and {operator}."),
            field="greeting",
            name="{" + fault + "}",
        )
    return sentence


def _fault_of(template: str) -> str:
    """The first placeholder that cannot be filled, a brace when the braces do not match, nothing when all is well."""
    try:
        for _text, name, form, conversion in string.Formatter().parse(template):
            # A format or a conversion could reach into objects or pad without end; only bare names are filled.
            if name is not None and (name not in PLACEHOLDERS or form or conversion):
                return name or "}"
    except ValueError:
        return "{"
    return ""


def _salutation(hour_local: time, language: str) -> str:
    if language == "en":
        if time(5) <= hour_local < time(12):
            return "good morning"
        return "good afternoon" if time(12) <= hour_local < time(18) else "good evening"
    return "bonjour" if time(5) <= hour_local < time(18) else "bonsoir"
