"""A text says when and at whose practice, in characters that every telephone has."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from callcenter.messaging.wording import callback_link_text, confirmation_text, gsm_text, segments

MONDAY = datetime(2026, 11, 23, 11, 30, tzinfo=ZoneInfo("Europe/Paris"))


def test_a_confirmation_in_the_practice_s_language() -> None:
    french = confirmation_text(MONDAY, practice="Cabinet des Tilleuls", language="fr")
    english = confirmation_text(MONDAY, practice="Linden Practice", language="en")
    assert french == "RDV le lundi 23/11 à 11:30. Cabinet des Tilleuls"
    assert english == "Appointment on Monday 23/11 at 11:30. Linden Practice"


def test_characters_outside_gsm_become_their_nearest_plain_letters() -> None:
    assert gsm_text("Cabinet de l’Île\u202f: Nuñez & Châtel, œil") == "Cabinet de l'Ile : Nuñez & Chatel, oeil"
    assert gsm_text("Müller à Écully, ça") == "Müller à Écully, ca"


def test_an_address_fits_one_text_and_stands_at_its_end() -> None:
    url = "https://secretariat.example.org/r/" + "a" * 26
    french = callback_link_text(url, practice="Lilas", language="fr")
    english = callback_link_text(url, practice="Linden", language="en")
    assert french == f"Lilas. Sans raccrocher, demandez ici un rappel à votre tour : {url}"
    assert english == f"Linden. Before you hang up, ask here to be called back in your turn: {url}"
    # The longest name and a long address: fewer words, before a second text would have to be paid.
    longest = "https://" + "s" * 42 + "/r/" + "a" * 26
    shorter = callback_link_text(longest, practice="Maison médicale du Val de Sèvre", language="fr")
    assert shorter == f"Maison médicale du Val de Sèvre. Rappel à votre tour : {longest}"
    assert [segments(text) for text in (french, english, shorter)] == [1, 1, 1]


def test_segments_are_counted_as_they_are_billed() -> None:
    assert [segments("a" * length) for length in (0, 160, 161, 306, 307)] == [1, 1, 2, 2, 3]
