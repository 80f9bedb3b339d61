"""What one line of each file becomes: found again by its code, then created, changed or left as it is."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.editing.service_types import ServiceTypeParticulars, add_service_type, change_service_type
from callcenter.agenda.editing.setup import WeeklyHours, find_schedule, follow_site_zone, open_schedule, set_openings
from callcenter.agenda.models import ServiceType
from callcenter.core.errors import Invalid
from callcenter.core.i18n import LANGUAGES, N_
from callcenter.directory.accounts import clean_login, create_staff
from callcenter.directory.changes import fill, valid_code
from callcenter.directory.models import Patient, Practice, Practitioner, Site, Staff
from callcenter.directory.patients import change_patient, create_patient
from callcenter.directory.practices import PracticeParticulars, change_practice, create_practice
from callcenter.directory.practitioners import PractitionerParticulars, add_practitioner, change_practitioner
from callcenter.directory.sites import SiteParticulars, add_site, change_site
from callcenter.directory.staff import change_staff, read_role
from callcenter.exchange.known import Known, Outcome, Refers
from callcenter.exchange.line_tables import import_line
from callcenter.exchange.reading import Row
from callcenter.instructions.greeting import check_greeting_template
from callcenter.instructions.models import Instruction
from callcenter.instructions.standing import change_instruction, write_instruction

_Coded = TypeVar("_Coded", Site, Practitioner)


_KEYS = {
    "staff": ("login",),
    "practices": ("code",),
    "lines": ("number",),
    "openings": ("practice", "practitioner"),
    "patients": ("practice", "external_id"),
}


def key_of(file: str, row: Row) -> tuple[str, ...]:
    """What a row is found again by."""
    return tuple(row[column] for column in _KEYS.get(file, ("practice", "code")))


def import_row(session: Session, file: str, row: Row, known: Known) -> Outcome:
    """Create or change what one line describes. Raises ``Problem`` subclasses, or ``Refers``."""
    return _IMPORTERS[file](session, row, known)


def import_group(session: Session, row: Row, hours: list[WeeklyHours], known: Known) -> Outcome:
    """Give a practitioner these weekly hours instead of those she had."""
    practice = known.practice(row)
    practitioner = _coded(session, Practitioner, practice, row["practitioner"], known, "practitioners", "practitioner")
    schedule = find_schedule(session, practice.id, practitioner.id)
    if schedule is None:
        raise Invalid(N_("This practitioner has no agenda yet."), field="practitioner")
    return _changed(set_openings(session, schedule, hours, at=known.at, staff_id=known.staff_id))


def _staff(session: Session, row: Row, known: Known) -> Outcome:
    role, language = read_role(row["role"]), row["language"] or None
    if language is not None and language not in LANGUAGES:
        raise Invalid(N_("The language is fr or en."), field="language")
    staff = session.scalar(select(Staff).where(Staff.login == clean_login(row["login"])))
    if staff is None:
        create_staff(
            session,
            login=row["login"],
            name=row["name"],
            first_name=row["first_name"],
            role=role,
            # Whoever writes the file answers for it: a short password passes here, not on a screen.
            password=row["password"] or None,
            shortest_password=1,
            endpoint=row["endpoint"],
            countries=known.countries,
            language=language,
            at=known.at,
            by=known.staff_id,
        )
        return Outcome.CREATED
    changed = change_staff(
        session,
        staff,
        name=row["name"],
        first_name=row["first_name"],
        role=role,
        endpoint=row["endpoint"],
        countries=known.countries,
        is_active=staff.is_active,
        at=known.at,
        by=known.staff_id,
    )
    return _changed(fill(staff, {"language": language}) or changed if language else changed)


def _practice(session: Session, row: Row, known: Known) -> Outcome:
    default = PracticeParticulars()
    practice = known.practices.get(row["code"])
    typed = PracticeParticulars(
        name=row["name"],
        short_name=row["short_name"],
        country=row["country"] or default.country,
        zone=row["zone"] or default.zone,
        language=row["language"] or default.language,
        mode=row["mode"] or default.mode,
        greeting=check_greeting_template(row["greeting"]),
        emergency_label=row["emergency_label"],
        emergency_number=row["emergency_number"],
        # Columns that came later: a file without them leaves what is set on the screen.
        emergency_sentence=row.cells.get("emergency_sentence", practice.emergency_sentence if practice else ""),
        backup_number=row.cells.get("backup_number", practice.backup_number if practice else ""),
        records_calls=practice.records_calls if practice else False,
    )
    if practice is None:
        code = valid_code(row["code"])
        known.practices[code] = create_practice(session, typed, code=code, at=known.at, staff_id=known.staff_id)
        return Outcome.CREATED
    return _changed(change_practice(session, practice, typed, at=known.at, staff_id=known.staff_id))


def _site(session: Session, row: Row, known: Known) -> Outcome:
    practice = known.practice(row)
    typed = SiteParticulars(row["name"], row["address"], row["postal_code"], row["city"], row["zone"])
    site = session.scalar(select(Site).where(Site.practice_id == practice.id, Site.code == row["code"]))
    if site is None:
        code = valid_code(row["code"])
        add_site(session, practice, typed, code=code, at=known.at, staff_id=known.staff_id)
        return Outcome.CREATED
    changed = change_site(session, practice, site, typed, at=known.at, staff_id=known.staff_id)
    if changed:
        follow_site_zone(session, practice.id, site.id, zone=site.zone)
    return _changed(changed)


def _practitioner(session: Session, row: Row, known: Known) -> Outcome:
    practice = known.practice(row)
    site = _coded(session, Site, practice, row["site"], known, "sites", "site")
    typed = PractitionerParticulars(
        row["name"], row["family_name"], row["profession"], site.id, _account(session, row, known)
    )
    found = session.scalar(
        select(Practitioner).where(Practitioner.practice_id == practice.id, Practitioner.code == row["code"])
    )
    at, staff_id = known.at, known.staff_id
    if found is None:
        code = valid_code(row["code"])
        made = add_practitioner(session, practice.id, typed, code=code, at=at, staff_id=staff_id)
        open_schedule(session, practice_id=practice.id, practitioner_id=made.id, site_id=site.id, zone=site.zone)
        return Outcome.CREATED
    changed = change_practitioner(session, found, typed, at=at, staff_id=staff_id)
    open_schedule(session, practice_id=practice.id, practitioner_id=found.id, site_id=site.id, zone=site.zone)
    return _changed(changed)


def _service_type(session: Session, row: Row, known: Known) -> Outcome:
    practice = known.practice(row)
    typed = ServiceTypeParticulars(row["name"], row["short_name"], row["duration_minutes"], row["colour"] or "1")
    found = session.scalar(
        select(ServiceType).where(ServiceType.practice_id == practice.id, ServiceType.code == row["code"])
    )
    if found is None:
        code = valid_code(row["code"])
        add_service_type(session, practice.id, typed, code=code, at=known.at, staff_id=known.staff_id)
        return Outcome.CREATED
    return _changed(change_service_type(session, found, typed, at=known.at, staff_id=known.staff_id))


def _instruction(session: Session, row: Row, known: Known) -> Outcome:
    practice = known.practice(row)
    until = _read_until(row["valid_until"], ZoneInfo(practice.zone))
    found = session.scalar(
        select(Instruction).where(Instruction.practice_id == practice.id, Instruction.code == row["code"])
    )
    at, staff_id = known.at, known.staff_id
    if found is None:
        code = valid_code(row["code"])
        write_instruction(session, practice.id, row["text"], code=code, valid_until=until, staff_id=staff_id, at=at)
        return Outcome.CREATED
    return _changed(change_instruction(session, found, row["text"], valid_until=until, staff_id=staff_id, at=at))


def _patient(session: Session, row: Row, known: Known) -> Outcome:
    practice = known.practice(row)
    if practice.id not in known.patients:  # once a practice, not once a patient
        rows = session.scalars(select(Patient).where(Patient.practice_id == practice.id))
        known.patients[practice.id] = {one.external_id: one for one in rows if one.external_id}
    external_id = row["external_id"][:60]
    if not external_id:
        raise Invalid(N_("A key is needed, so that the same patient is found again."), field="external_id")
    particulars = {
        column: row[column] for column in ("family_name", "given_name", "birth_on", "phone", "title", "note")
    }
    found = known.patients[practice.id].get(external_id)
    if found is None:
        known.patients[practice.id][external_id] = create_patient(
            session, practice.id, **particulars, external_id=external_id, at=known.at, staff_id=known.staff_id
        )
        return Outcome.CREATED
    return _changed(change_patient(session, found, **particulars, at=known.at, staff_id=known.staff_id))


_IMPORTERS: dict[str, Callable[[Session, Row, Known], Outcome]] = {
    "staff": _staff,
    "practices": _practice,
    "lines": import_line,
    "sites": _site,
    "practitioners": _practitioner,
    "service_types": _service_type,
    "instructions": _instruction,
    "patients": _patient,
}


def _changed(changed: bool) -> Outcome:
    return Outcome.CHANGED if changed else Outcome.UNCHANGED


def _coded(
    session: Session, table: type[_Coded], practice: Practice, code: str, known: Known, file: str, column: str
) -> _Coded:
    """The practice's site or practitioner with this code. Raises ``Invalid``, or ``Refers`` when it was refused."""
    if (file, (practice.code, code)) in known.refused:
        raise Refers
    found = session.scalar(select(table).where(table.practice_id == practice.id, table.code == code))
    if found is None:
        sentence = N_("The practice %(practice)s has nothing with the code %(code)s in %(file)s.")
        raise Invalid(sentence, field=column, practice=practice.code, code=code, file=f"{file}.csv")
    return found


def _account(session: Session, row: Row, known: Known) -> int | None:
    login = clean_login(row["account"])
    if not login:
        return None
    if ("staff", (row["account"],)) in known.refused:
        raise Refers
    staff_id = session.scalar(select(Staff.id).where(Staff.login == login))
    if staff_id is None:
        raise Invalid(N_("There is no account %(login)s."), field="account", login=login)
    return staff_id


def _read_until(typed: str, zone: ZoneInfo) -> datetime | None:
    """The end of an instruction: a day (its end) or a day and a time, in the practice's wall-clock time."""
    if not typed:
        return None
    for form in ("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%d/%m/%Y %H:%M"):
        try:
            return datetime.strptime(typed, form).replace(tzinfo=zone)
        except ValueError:
            continue
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            day = datetime.strptime(typed, form).replace(tzinfo=zone).date()
        except ValueError:
            continue
        return datetime.combine(day + timedelta(days=1), time(), zone)
    raise Invalid(N_("This is not a day, nor a day and a time. Example: 2026-12-31 18:00."), field="valid_until")
