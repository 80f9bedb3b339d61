"""The first words follow the hour and the practice, and are never a blank."""

from datetime import time

import pytest

from callcenter.core.errors import Invalid
from callcenter.instructions.greeting import callback_phrase, check_greeting_template, greeting_phrase


def said(template: str, at: time = time(9), language: str = "fr") -> str:
    return greeting_phrase(template, hour_local=at, operator="Camille", practice="Cabinet Lemoine", language=language)


@pytest.mark.parametrize(
    ("hour", "language", "word"),
    [
        (time(8), "fr", "bonjour"),
        (time(17, 59), "fr", "bonjour"),
        (time(18), "fr", "bonsoir"),
        (time(2), "fr", "bonsoir"),
        (time(11, 59), "en", "good morning"),
        (time(12), "en", "good afternoon"),
        (time(18), "en", "good evening"),
    ],
)
def test_the_salutation_follows_the_practices_hour(hour: time, language: str, word: str) -> None:
    assert f", {word}, Camille" in said("", hour, language)


def test_the_practices_own_phrase_is_used_and_begins_with_a_capital() -> None:
    assert said("{salutation}, {practice}, {operator} vous écoute.") == "Bonjour, Cabinet Lemoine, Camille vous écoute."


@pytest.mark.parametrize(
    "template", ["", "   ", "{doctor} bonjour", "{practice", "{operator.__class__}", "{operator!r}", "{}"]
)
def test_a_phrase_that_cannot_be_said_gives_the_default(template: str) -> None:
    assert said(template) == "Cabinet Lemoine, bonjour, Camille à votre écoute."


@pytest.mark.parametrize(
    ("template", "told"),
    [("{doctor}, bonjour", "{doctor} is not known"), ("{practice", "brace"), ("{operator:>999999}", "{operator}")],
)
def test_the_form_refuses_what_cannot_be_filled(template: str, told: str) -> None:
    with pytest.raises(Invalid, match=told) as refused:
        check_greeting_template(template)
    assert refused.value.field == "greeting"


def test_the_form_keeps_a_phrase_without_outer_spaces() -> None:
    assert check_greeting_template("  {salutation} ") == "{salutation}"
    assert check_greeting_template(" ") == ""


def test_a_name_with_braces_is_only_a_name() -> None:
    phrase = greeting_phrase("", hour_local=time(9), operator="{practice}", practice="Cabinet", language="fr")
    assert phrase == "Cabinet, bonjour, {practice} à votre écoute."


def test_whom_we_ring_back_is_told_who_rings() -> None:
    said = callback_phrase(hour_local=time(19), operator="Camille", practice="Cabinet des Tilleuls", language="fr")
    assert said == "Bonsoir, Cabinet des Tilleuls, Camille à l’appareil. Vous avez cherché à nous joindre."
    assert callback_phrase(hour_local=time(9), operator="Ann", practice="Oak House", language="en").startswith(
        "Good morning, Oak House, Ann speaking."
    )
