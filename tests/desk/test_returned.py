"""What is told of a conversation that was cut, to whoever has the patient next."""

from __future__ import annotations

import pytest

from callcenter.core.db import Database
from callcenter.desk.card_reading import call_card
from callcenter.desk.returned import read_former
from callcenter.telephony.state import LegNews
from tests.desk.test_dispositions import CALLBACK, choose, cut_off, talk
from tests.desk.test_transfers import ask, colleague
from tests.floor import ALL, Floor


@pytest.fixture
def floor(database: Database) -> Floor:
    return Floor(database)


def former(floor: Floor, name: str) -> str | None:
    with floor.database.reading(ALL) as session:
        card = call_card(session, floor.staff[name], at=floor.now)
        found = read_former(session, card, floor.staff[name])
        return None if found is None else found.name


def test_who_was_cut_off_and_is_asked_in_again_was_not_there_until_then_she_is_there(floor: Floor) -> None:
    floor.hire("Ines", "Lea")
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    cut_off(floor, talk(floor, "Ines"))
    talk(floor, "Lea")
    assert former(floor, "Lea") == "Ines"
    choose(floor, "Ines", call_id, CALLBACK)
    ask(floor, call_id, "Lea", colleague(floor, "Ines"))
    again = talk(floor, "Ines")
    assert former(floor, "Lea") is None
    floor.hear(again.id, LegNews.COMPLETED)
    assert former(floor, "Lea") == "Ines"
