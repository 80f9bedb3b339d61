"""The rules of the imaginary practices' agendas, written as an administrator writes them: by what the forms call."""

from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from callcenter.agenda.editing.day_exceptions import ExceptionParticulars, add_exception
from callcenter.agenda.editing.opening_changes import save_opening
from callcenter.agenda.editing.overbooking_rules import OverbookingParticulars, add_overbooking_rule
from callcenter.agenda.editing.resources import NeedParticulars, ResourceParticulars, add_need, add_resource
from callcenter.agenda.editing.typed_openings import OpeningParticulars, read_opening
from callcenter.agenda.editing.visit_settings import OwnSettings, VisitSettings, set_own_settings, set_visit_settings
from callcenter.agenda.rules.opening_rules import Channel
from callcenter.demo.centre import read_rows
from callcenter.demo.codes import Codes


def write_rules(session: Session, codes: Codes, *, today: date, at: datetime) -> None:
    """Everything but what practitioners say to new patients."""
    _set_visits(session, codes, at=at)
    _open_hours(session, codes, today=today, at=at)
    _except_days(session, codes, today=today, at=at)
    _equip(session, codes, at=at)
    _overbook(session, codes, today=today, at=at)


def write_new_patients(session: Session, codes: Codes, *, at: datetime) -> None:
    """What practitioners say to patients they have never seen. Once agendas are filled: by then some are known."""
    for row in read_rows("agenda/new_patients"):
        typed = OwnSettings(
            is_offered="1", new_patients=row["new_patients"], new_patient_minutes=row["new_patient_minutes"]
        )
        _set_own(session, codes, row, typed, at=at)


def _set_visits(session: Session, codes: Codes, *, at: datetime) -> None:
    for row in read_rows("agenda/visit_settings"):
        service_type = codes.service_type(row["practice"], row["service_type"])
        typed = VisitSettings(**{name: cell for name, cell in row.items() if name not in {"practice", "service_type"}})
        set_visit_settings(session, service_type, typed, at=at, staff_id=None)
    for row in read_rows("agenda/own_settings"):
        _set_own(session, codes, row, OwnSettings(is_offered=row["is_offered"]), at=at)


def _set_own(session: Session, codes: Codes, row: dict[str, str], typed: OwnSettings, *, at: datetime) -> None:
    service_type = codes.service_type(row["practice"], row["service_type"])
    practitioner_id = codes.schedule(row["practice"], row["practitioner"]).practitioner_id
    set_own_settings(session, service_type, practitioner_id, typed, at=at, staff_id=None)


def _open_hours(session: Session, codes: Codes, *, today: date, at: datetime) -> None:
    """Openings with rules of their own; ``anchor`` is in so many weeks."""
    monday = today - timedelta(days=today.weekday())
    for row in read_rows("agenda/openings"):
        types = {code: str(codes.service_type(row["practice"], code).id) for code in row["service_types"].split()}
        typed = OpeningParticulars(
            weekday=row["weekday"],
            starts=row["starts"],
            ends=row["ends"],
            cycle_weeks=row["cycle_weeks"],
            anchor=str(monday + timedelta(weeks=int(row["anchor"]))) if row["anchor"] else "",
            service_types=list(types.values()),
            kind=row["kind"],
            release_days=row["release_days"],
            release_at=row["release_at"],
            channels=row["channels"].split() or tuple(Channel),
            quota_phone=row["quota_phone"],
        )
        rule = read_opening(typed, service_type_ids=[int(one) for one in types.values()])
        save_opening(session, codes.schedule(row["practice"], row["practitioner"]), rule, at=at, staff_id=None)


def _except_days(session: Session, codes: Codes, *, today: date, at: datetime) -> None:
    for row in read_rows("agenda/exceptions"):
        typed = ExceptionParticulars(
            kind=row["kind"],
            first_on=str(_day(row["first_on"], today)),
            starts=row["starts"],
            ends=row["ends"],
            reason=row["reason"],
            whose=row["whose"],
        )
        add_exception(session, codes.schedule(row["practice"], row["practitioner"]), typed, at=at, staff_id=None)


def _equip(session: Session, codes: Codes, *, at: datetime) -> None:
    """Rooms and devices, and which types of visit need them or a colleague."""
    for row in read_rows("agenda/resources"):
        site = str(codes.site_id(row["practice"], row["site"]))
        resource = ResourceParticulars(row["kind"], row["name"], row["category"], site)
        add_resource(session, codes.practice_id(row["practice"]), resource, at=at, staff_id=None)
    for row in read_rows("agenda/needs"):
        which = row["which"]
        if row["kind"] == "practitioner":
            which = str(codes.schedule(row["practice"], which).practitioner_id)
        service_type = codes.service_type(row["practice"], row["service_type"])
        need = NeedParticulars(str(service_type.id), f"{row['kind']}:{which}")
        add_need(session, service_type.practice_id, need, at=at, staff_id=None)


def _overbook(session: Session, codes: Codes, *, today: date, at: datetime) -> None:
    for row in read_rows("agenda/overbooking"):
        service_type = row["service_type"] and str(codes.service_type(row["practice"], row["service_type"]).id)
        typed = OverbookingParticulars(
            schedule=str(codes.schedule(row["practice"], row["practitioner"]).id),
            name=row["name"],
            service_type=service_type,
            weekday=row["weekday"],
            starts=row["starts"],
            ends=row["ends"],
            per_day=row["per_day"],
        )
        add_overbooking_rule(session, codes.practice_id(row["practice"]), typed, today=today, at=at, staff_id=None)


def _day(written: str, today: date) -> date:
    """So many days from today (``+8``), or the next such day of the year (``24/12``)."""
    if written.startswith("+"):
        return today + timedelta(days=int(written))
    day, month = (int(part) for part in written.split("/"))
    this_year = date(today.year, month, day)
    return this_year if this_year >= today else date(today.year + 1, month, day)
