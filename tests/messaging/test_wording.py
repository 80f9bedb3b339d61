"""A text says when and at whose practice, in characters that every telephone has."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from callcenter.messaging.wording import confirmation_text, gsm_text

MONDAY = datetime(2026, 11, 23, 11, 30, tzinfo=ZoneInfo("Europe/Paris"))


def test_a_confirmation_in_the_practice_s_language() -> None:
    french = confirmation_text(MONDAY, practice="Cabinet des Tilleuls", language="fr")
    english = confirmation_text(MONDAY, practice="Linden Practice", language="en")
    assert french == "RDV le lundi 23/11 à 11:30. Cabinet des Tilleuls"
    assert english == "Appointment on Monday 23/11 at 11:30. Linden Practice"


def test_characters_outside_gsm_become_their_nearest_plain_letters() -> None:
    assert gsm_text("Cabinet de l’Île\u202f: Nuñez & Châtel, œil") == "Cabinet de l'Ile : Nuñez & Chatel, oeil"
    assert gsm_text("Müller à Écully, ça") == "Müller à Écully, ca"
