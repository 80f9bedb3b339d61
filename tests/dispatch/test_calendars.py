"""The roster as others' calendars read it, and others' calendars as the roster reads them."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from callcenter.core.errors import Invalid
from callcenter.directory.models import Practice, Practitioner
from callcenter.dispatch.calendar_feeds import current_feed, find_practice_by_feed, open_feed, revoke_feed
from callcenter.dispatch.calendar_in import LIMIT, CalendarReading, read_calendar
from callcenter.dispatch.calendar_out import write_calendar
from callcenter.dispatch.imported_shifts import (
    import_shifts,
    names_to_recognise,
    preview_import,
    read_back,
    written_down,
)
from callcenter.dispatch.on_call_models import OnCallFeed
from callcenter.dispatch.shifts import OverrideParticulars, add_override
from tests.dispatch.on_call_cast import EVERYTHING, NOW, PARIS, Cast, cast, paris

__all__ = ["cast"]
HOSTILE = '</Say><Dial>; 👍, "x"\\'
PEOPLE = {1: ("Dr Lemoine", "Lemoine"), 2: ("Dr Saint Martin", "Saint Martin"), 3: ("Dr Martin", "Martin")}


def _events(cast: Cast, *, at: datetime = NOW, of: int | None = None) -> list[Any]:
    with cast.database.reading(cast.scope) as session:
        written = write_calendar(session, session.get_one(Practice, cast.tilleuls), at=at, of=of)
    return list(Calendar.from_ical(written).walk("VEVENT"))


def _spans(events: Sequence[Any]) -> list[tuple[datetime, datetime]]:
    return [(one["DTSTART"].dt, one["DTEND"].dt) for one in events]


def ics(*events: str) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//elsewhere//EN"]
    for number, one in enumerate(events):
        lines += ["BEGIN:VEVENT", f"UID:{number}", *one.strip().splitlines(), "END:VEVENT"]
    return "\r\n".join([*(line.strip() for line in lines), "END:VCALENDAR", ""]).encode()


def read(content: bytes, *, changes_at: time = time(8)) -> CalendarReading:
    return read_calendar(content, PEOPLE, zone=PARIS, changes_at=changes_at, at=NOW)


def test_others_read_each_turn_in_utc_thirty_days_back_and_ninety_ahead(cast: Cast) -> None:
    cast.weeks_since(date(2026, 1, 5))
    events = _events(cast)
    assert (events[0]["DTSTART"].dt, events[-1]["DTSTART"].dt) == (
        paris("2026-10-19 18:00"),
        paris("2027-02-15 18:00"),
    ), "the first is whole, from where it begins"
    assert {one["DTSTART"].to_ical()[-1:] for one in events} == {b"Z"}
    week = next(one for one in events if one["DTSTART"].dt == paris("2026-10-19 18:00"))
    assert week["DTEND"].dt - week["DTSTART"].dt == timedelta(days=7, hours=1), "the clocks go back in it"
    assert [str(one["SUMMARY"]) for one in events[:2]] == ["Astreinte : Dr Arnaud", "Astreinte : Dr Lemoine"]


def test_an_entry_keeps_its_uid_from_day_to_day_and_when_somebody_else_takes_it(cast: Cast) -> None:
    cast.weeks_since(date(2026, 1, 5))
    before = {one["DTSTART"].dt: str(one["UID"]) for one in _events(cast)}
    with cast.database.unit_of_work(cast.scope) as session:
        typed = OverrideParticulars(str(cast.nguyen), "2026-11-30T18:00", "2026-12-07T18:00")
        add_override(session, cast.tilleuls, typed, at=NOW, staff_id=cast.staff["sofia"])
    after = _events(cast, at=NOW + timedelta(days=2))
    assert len({str(one["UID"]) for one in after}) == len(after)
    common = [one for one in after if one["DTSTART"].dt in before]
    assert len(common) == len(before)
    assert [str(one["UID"]) for one in common] == [before[one["DTSTART"].dt] for one in common]
    assert "Astreinte : Dr Nguyen" in {str(one["SUMMARY"]) for one in common}


def test_a_hostile_name_stays_one_line_of_text(cast: Cast) -> None:
    cast.weeks()
    with cast.database.unit_of_work(EVERYTHING) as session:
        session.get_one(Practitioner, cast.lemoine).name = HOSTILE + "\r\nBEGIN:VEVENT"
    events = _events(cast, of=cast.lemoine)
    assert {str(one["SUMMARY"]).replace("\r", "") for one in events} == {f"Astreinte : {HOSTILE}\nBEGIN:VEVENT"}


def test_one_doctor_s_calendar_holds_her_own_alone(cast: Cast) -> None:
    cast.weeks_since(date(2026, 1, 5))
    assert {str(one["SUMMARY"]) for one in _events(cast, of=cast.lemoine)} == {"Astreinte : Dr Lemoine"}


def test_an_address_opens_until_it_is_revoked_or_replaced_and_only_its_hash_is_kept(cast: Cast) -> None:
    def opens(token: str) -> bool:
        with cast.database.reading(EVERYTHING) as session:
            practice = find_practice_by_feed(session, token)
            return practice is not None and practice.id == cast.tilleuls

    sofia = cast.staff["sofia"]
    with cast.database.unit_of_work(cast.scope) as session:
        first = open_feed(session, cast.tilleuls, at=NOW, staff_id=sofia)
        kept = current_feed(session, cast.tilleuls)
        assert isinstance(kept, OnCallFeed)
        assert first not in kept.token_hash
    assert (opens(first), opens(first[:-1] + "a"), opens("x"), opens("é" * 32)) == (True, False, False, False)
    with cast.database.unit_of_work(cast.scope) as session:
        second = open_feed(session, cast.tilleuls, at=NOW, staff_id=sofia)
    assert (opens(first), opens(second)) == (False, True)
    with cast.database.unit_of_work(cast.scope) as session:
        revoke_feed(session, cast.tilleuls, at=NOW, staff_id=sofia)
        revoke_feed(session, cast.tilleuls, at=NOW, staff_id=sofia)
    assert not opens(second)
    assert cast.acts() == ["on_call_feed_opened", "on_call_feed_opened", "on_call_feed_revoked"]


def test_hours_days_and_series_become_shifts(cast: Cast) -> None:
    found = read(
        ics(
            "SUMMARY:Garde Dr LEMOINE\nDTSTART:20261124T180000\nDTEND:20261125T080000",  # no zone: the practice's
            "SUMMARY:Martin\nDTSTART;TZID=America/New_York:20261125T120000\nDURATION:PT2H",
            "SUMMARY:dr saint-martin\nDTSTART;VALUE=DATE:20261128\nDTEND;VALUE=DATE:20261130",
            "SUMMARY:Martin\nDTSTART;VALUE=DATE:20261207\nRRULE:FREQ=WEEKLY;COUNT=2",
        )
    )
    assert [(one.practitioner_id, one.starts_at, one.ends_at) for one in found.shifts] == [
        (1, paris("2026-11-24 18:00"), paris("2026-11-25 08:00")),
        (3, paris("2026-11-25 18:00"), paris("2026-11-25 20:00")),
        (2, paris("2026-11-28 08:00"), paris("2026-11-30 08:00")),
        (3, paris("2026-12-07 08:00"), paris("2026-12-08 08:00")),
        (3, paris("2026-12-14 08:00"), paris("2026-12-15 08:00")),
    ]
    assert found.recognised == {1: 1, 2: 1, 3: 3}
    assert not found.unknown


def test_what_names_nobody_or_two_is_told_and_what_is_over_cancelled_or_far_is_left_out(cast: Cast) -> None:
    found = read(
        ics(
            "SUMMARY:Réunion\nDTSTART:20261124T180000Z\nDTEND:20261124T190000Z",
            "SUMMARY:Lemoine et Martin\nDTSTART:20261125T180000Z\nDTEND:20261125T190000Z",
            "SUMMARY:Lemoine\nDTSTART:20251125T180000Z\nDTEND:20251125T190000Z",
            "SUMMARY:Lemoine\nDTSTART:20281125T180000Z\nDTEND:20281125T190000Z",
            "SUMMARY:Lemoine\nSTATUS:CANCELLED\nDTSTART:20261126T180000Z\nDTEND:20261126T190000Z",
            "SUMMARY:Lemoine\nDTSTART:20261127T180000Z",
            "SUMMARY:Lemoine\nDTSTART:20261120T180000Z\nDTEND:20261123T120000Z",
            "SUMMARY:Lemoine",
        )
    )
    assert [(one.summary, one.names_several) for one in found.unknown] == [
        ("Réunion", False),
        ("Lemoine et Martin", True),
    ]
    assert [(one.starts_at, one.ends_at) for one in found.shifts] == [(NOW, paris("2026-11-23 13:00"))]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"  \r\n",
        b"\xff\xfe\x00PK\x03\x04",
        b"name;from;until\r\n",
        b"BEGIN:VEVENT\r\nEND:VEVENT\r\n",
        ics(),
        ics("SUMMARY:Lemoine\nDTSTART:2026-11-24\nRRULE:FREQ=WEEKLY"),
        ics("SUMMARY:Lemoine\nDTSTART:20261124T180000Z\nRRULE:FREQ=SECONDLY"),
        ics("SUMMARY:Lemoine\nDTSTART:20261124T180000Z\nRRULE:FREQ=DAILY;BYHOUR=1,2,3;BYSECOND=1,2,3"),
        ics("SUMMARY:Lemoine\nDTSTART:18001124T180000Z\nRRULE:FREQ=DAILY"),
        ics(*["SUMMARY:Lemoine\nDTSTART:20261124T180000Z\nDTEND:20261124T190000Z\nRRULE:FREQ=DAILY"] * 51),
        b"BEGIN:VCALENDAR\r\n" + b"X" * LIMIT,
    ],
)
def test_a_file_that_is_none_gets_a_sentence(content: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        read(content)
    assert refused.value.field == "file"


def test_taking_a_calendar_over_replaces_what_was_imported_before_and_only_that(cast: Cast) -> None:
    cast.weeks()
    sofia = cast.staff["sofia"]

    def take(*events: str, at: datetime = NOW) -> bool:
        with cast.database.unit_of_work(cast.scope) as session:
            people = names_to_recognise(session, cast.tilleuls)
            found = read_calendar(ics(*events), people, zone=PARIS, changes_at=time(18), at=at)
            shifts = read_back(written_down(found.shifts))
            return import_shifts(session, cast.tilleuls, shifts, at=at, staff_id=sofia)

    saturday = "SUMMARY:Nguyen\nDTSTART:20261128T080000\nDTEND:20261129T080000"
    sunday = "SUMMARY:Arnaud\nDTSTART:20261129T080000\nDTEND:20261130T080000"
    assert [take(saturday), take(saturday)] == [True, False], "the same one sent twice is one"
    assert cast.who("2026-11-28 12:00") == "Dr Nguyen"
    with cast.database.reading(cast.scope) as session:
        people = names_to_recognise(session, cast.tilleuls)
        found = read_calendar(ics(sunday), people, zone=PARIS, changes_at=time(18), at=NOW)
        effect = preview_import(session, cast.tilleuls, found.shifts, at=NOW)
    assert (effect.withdrawn, [(one.before, one.after) for one in effect.changes]) == (
        1,
        [(cast.nguyen, cast.lemoine), (cast.lemoine, cast.arnaud)],
    )
    assert cast.who("2026-11-28 12:00") == "Dr Nguyen", "a preview changes nothing"
    assert take(sunday)
    assert (cast.who("2026-11-28 12:00"), cast.who("2026-11-29 12:00")) == ("Dr Lemoine", "Dr Arnaud")
    assert [one.withdrawn_at for one in cast.shifts()] == [NOW, None]
    assert cast.acts().count("on_call_imported") == 2


def test_of_an_imported_shift_that_runs_what_has_been_stays(cast: Cast) -> None:
    sofia = cast.staff["sofia"]
    for name, at in (("Nguyen", NOW), ("Arnaud", NOW + timedelta(hours=2))):
        with cast.database.unit_of_work(cast.scope) as session:
            people = names_to_recognise(session, cast.tilleuls)
            event = f"SUMMARY:{name}\nDTSTART:20261123T080000\nDTEND:20261124T080000"
            found = read_calendar(ics(event), people, zone=PARIS, changes_at=time(18), at=at)
            import_shifts(session, cast.tilleuls, found.shifts, at=at, staff_id=sofia)
    assert (cast.who("2026-11-23 11:00"), cast.who("2026-11-23 13:00")) == ("Dr Nguyen", "Dr Arnaud")


@pytest.mark.parametrize("carried", ["x", "1:2", "1:zwei:3", "1:99999999999999999:3", "4:1795600000:1795690000"])
def test_what_the_preview_did_not_show_is_not_taken_over(cast: Cast, carried: str) -> None:
    """The last is of another practice's doctor."""
    with pytest.raises(Invalid), cast.database.unit_of_work(cast.scope) as session:
        import_shifts(session, cast.tilleuls, read_back(carried), at=NOW, staff_id=cast.staff["sofia"])
    assert cast.shifts() == []


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31",
        "FREQ=DAILY;BYDAY=MO,TU;BYSETPOS=5",
        "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=5",
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
    ],
)
def test_a_rule_that_may_never_come_true_is_not_looked_for_until_the_year_9999(rule: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(ics(f"SUMMARY:Lemoine\nDTSTART:20000101T080000Z\nDTEND:20000102T080000Z\nRRULE:{rule}"))
    assert "too much" in refused.value.sentence


def test_the_first_monday_of_each_month_and_every_working_day_are_read() -> None:
    monthly = "DTSTART:20261207T080000Z\nDTEND:20261208T080000Z\nRRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1;COUNT=3"
    daily = "DTSTART:20261201T180000Z\nDTEND:20261201T200000Z\nRRULE:FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;COUNT=5"
    found = read(ics(f"SUMMARY:Lemoine\n{monthly}", f"SUMMARY:Martin\n{daily}"))
    assert found.recognised == {1: 3, 3: 5}
