"""A practitioner says when and by what messages come, who stands in, and what opens a link."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest
from sqlalchemy import select

from callcenter.core.audit import AuditEntry
from callcenter.core.errors import Invalid
from callcenter.directory.models import EmergencyLine, Practitioner
from callcenter.directory.passwords import matches
from callcenter.dispatch.models import Channel, DispatchPreference, Timing
from callcenter.dispatch.preferences import TypedPreference, remove_code, set_code, set_preference
from tests.agenda.cast import SEED
from tests.dispatch.cast import MOBILE, Centre

WISHES: dict[str, Any] = {
    "timing": "batch",
    "batch_at": "18h, 12:00 8h30",
    "quiet_from": "20:00",
    "quiet_until": "7h30",
    "channel": "sms",
    "mobile": "06 39 98 00 50",
    "second_number": "02 61 91 00 50",
    "email": "lemoine@example.org",
}


def wish(centre: Centre, practitioner_id: int | None = None, **typed: Any) -> bool:
    with centre.database.unit_of_work(centre.cast.scope) as session:
        practitioner = session.get_one(Practitioner, practitioner_id or centre.lemoine_id)
        at, staff_id = centre.clock.now(), centre.doctor_account_id
        return set_preference(session, practitioner, TypedPreference(**(WISHES | typed)), at=at, staff_id=staff_id)


def code(centre: Centre, typed: str, again: str | None = None) -> None:
    with centre.database.unit_of_work(centre.cast.scope) as session:
        practitioner = session.get_one(Practitioner, centre.lemoine_id)
        again = typed if again is None else again
        set_code(session, practitioner, typed, again, at=centre.clock.now(), staff_id=centre.doctor_account_id)


def kept(centre: Centre) -> DispatchPreference:
    with centre.database.reading(SEED) as session:
        return session.get_one(DispatchPreference, centre.lemoine_id)


def acts(centre: Centre) -> list[tuple[str, str]]:
    with centre.database.reading(SEED) as session:
        rows = session.execute(select(AuditEntry.action, AuditEntry.subject).order_by(AuditEntry.id))
        return [(action, subject) for action, subject in rows]


def test_wishes_are_kept_as_they_are_meant_and_noted_without_a_number(centre: Centre) -> None:
    assert wish(centre, alternate_id=centre.berger_id) is True
    found = kept(centre)
    assert (found.timing, found.batch_at) == (Timing.BATCH, ["08:30", "12:00", "18:00"])
    assert (found.quiet_from, found.quiet_until) == (time(20), time(7, 30))
    assert (found.channel, found.mobile, found.second_number) == (Channel.SMS, "+33639980050", "+33261910050")
    assert (found.email, found.alternate_id) == ("lemoine@example.org", centre.berger_id)
    assert acts(centre)[-1] == ("message_preferences_changed", f"practitioner {centre.lemoine_id}")
    # The same form again changes nothing and is no act.
    before = len(acts(centre))
    assert wish(centre, alternate_id=centre.berger_id) is False
    assert len(acts(centre)) == before


def test_a_message_written_afterwards_goes_by_the_new_wishes(centre: Centre) -> None:
    wish(centre, timing="batch", batch_at="10:00", mobile="06 39 98 00 51")
    centre.write()
    assert centre.tick(59) == 0
    assert centre.tick(1) == 1
    assert [one.to_number for one in centre.outbox()] == ["+33639980051"]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"channel": "email", "email": ""}, "email"),
        ({"email": "lemoine at example.org"}, "email"),
        ({"email": "a@example.org, b@example.org"}, "email"),
        ({"mobile": "15"}, "mobile"),
        ({"second_number": "112"}, "second_number"),
        ({"second_number": "06 39 98 00 50"}, "second_number"),
        ({"mobile": "02 61 91 00 51"}, "mobile"),  # no text reaches a landline
        ({"batch_at": "25:00"}, "batch_at"),
        ({"batch_at": ""}, "batch_at"),
        ({"batch_at": "8:00 9:00 10:00 11:00 12:00 13:00 14:00"}, "batch_at"),
        ({"quiet_until": ""}, "quiet_until"),
        ({"quiet_from": ""}, "quiet_from"),
        ({"quiet_until": "20:00"}, "quiet_until"),
        ({"timing": "never"}, "timing"),
        ({"channel": "desk"}, "channel"),
        ({"alternate_id": 9999}, "alternate"),
    ],
)
def test_what_leads_nowhere_is_refused_beside_its_field(centre: Centre, typed: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        wish(centre, **typed)
    assert refused.value.field == field
    assert kept(centre).mobile == MOBILE  # nothing of it was kept


def test_a_way_without_an_address_is_refused_where_the_directory_has_none_either(centre: Centre) -> None:
    for channel in ("sms", "phone"):
        with pytest.raises(Invalid) as refused:
            wish(centre, channel=channel, mobile="", second_number="")
        assert refused.value.field == "mobile"
    # Dr Marchand's number stands in the directory: it will do.
    assert wish(centre, centre.marchand_id, channel="phone", mobile="") is True


def test_the_application_is_for_whoever_signs_in(centre: Centre) -> None:
    assert wish(centre, channel="app", mobile="") is True
    with pytest.raises(Invalid, match="Nobody signs in"):
        wish(centre, centre.berger_id, channel="app")


def test_nobody_stands_in_for_themselves(centre: Centre) -> None:
    with pytest.raises(Invalid, match="stands in for themselves"):
        wish(centre, alternate_id=centre.lemoine_id)


def test_an_emergency_line_is_nobodys_second_number(centre: Centre) -> None:
    with centre.database.unit_of_work(SEED) as session:
        line = EmergencyLine(country="FR", department="44", label="SAMU 44", number="+33261910050", position=0)
        session.add(line)
    with pytest.raises(Invalid, match="emergency line"):
        wish(centre)


def test_of_a_code_only_the_hash_is_kept_and_it_may_go(centre: Centre) -> None:
    code(centre, "4071")
    found = kept(centre).code_hash
    assert "4071" not in found
    assert (matches("4071", found), matches("4072", found)) == (True, False)
    for _twice in range(2):
        with centre.database.unit_of_work(centre.cast.scope) as session:
            practitioner = session.get_one(Practitioner, centre.lemoine_id)
            remove_code(session, practitioner, at=centre.clock.now(), staff_id=centre.doctor_account_id)
    assert kept(centre).code_hash == ""
    subject = f"practitioner {centre.lemoine_id}"
    assert acts(centre)[-2:] == [("message_code_set", subject), ("message_code_removed", subject)]


@pytest.mark.parametrize(
    "typed", ["0000", "1234", "4321", "7890", "1212", "123123", "40714071", "407", "40a1", "4" * 13]
)
def test_a_code_that_anybody_would_try_is_refused(centre: Centre, typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        code(centre, typed)
    assert refused.value.field == "code"


def test_a_code_is_typed_twice(centre: Centre) -> None:
    with pytest.raises(Invalid) as refused:
        code(centre, "4071", "4017")
    assert refused.value.field == "again"
