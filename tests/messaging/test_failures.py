"""Why a text did not arrive, in the reader's words."""

import pytest

from callcenter.core.i18n import gettext, set_language
from callcenter.messaging.failures import words_of


@pytest.mark.parametrize(
    ("error", "french", "code"),
    [
        ("", "", ""),
        ("undelivered 30003", "le téléphone est éteint ou hors de portée", "30003"),
        ("21610 Attempt to send to unsubscribed recipient", "le patient a demandé à ne plus recevoir de SMS", "21610"),
        ("undelivered 31999", "l’opérateur téléphonique ne l’a pas remis", "31999"),
        ("ReadTimeout", "l’opérateur téléphonique ne l’a pas pris", ""),
        ("Unreachable destination handset", "l’opérateur téléphonique ne l’a pas pris", ""),
    ],
)
def test_the_carriers_english_is_told_in_french(error: str, french: str, code: str) -> None:
    sentence, kept = words_of(error)
    set_language("fr")
    assert (gettext(sentence) if sentence else "", kept) == (french, code)
