"""How a practitioner wants to be told of messages: when, by what, who stands in, and the code that opens a link."""

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.db import touch
from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_
from callcenter.core.insertion import insert_new
from callcenter.core.phone import CALL_COUNTRIES, is_mobile
from callcenter.core.text import clean_line
from callcenter.directory.changes import fill
from callcenter.directory.models import Practice, Practitioner
from callcenter.directory.ordinary_numbers import read_ordinary_number
from callcenter.directory.passwords import hash_password
from callcenter.dispatch.links import forget_wrong_codes
from callcenter.dispatch.models import Channel, DispatchPreference, Timing

MOST_HOURS = 6
SHORTEST_CODE, LONGEST_CODE = 4, 12
CHANNELS = (Channel.APP, Channel.SMS, Channel.EMAIL, Channel.PHONE)

_HOUR = re.compile(r"(\d{1,2})\s*[:hH]\s*(\d{2})?")
_EMAIL = re.compile(r"[^@\s<>,;:\"()\[\]\\]+@[^@\s<>,;:\"()\[\]\\]+\.[^@\s<>,;:\"()\[\]\\.]{2,}")
_RUNS = "01234567890123456789", "98765432109876543210"


@dataclass(frozen=True, slots=True)
class TypedPreference:
    """A practitioner's wishes as typed: hours as ``hh:mm``, several apart by spaces or commas; numbers as dialled."""

    timing: str = Timing.NOW
    batch_at: str = ""
    quiet_from: str = ""
    quiet_until: str = ""
    channel: str = Channel.APP
    mobile: str = ""
    second_number: str = ""
    email: str = ""
    alternate_id: int | None = None


def find_preference(session: Session, practitioner: Practitioner) -> DispatchPreference | None:
    """What this practitioner set; None: nothing yet, and messages are told at once in the application."""
    return session.scalar(
        select(DispatchPreference).where(
            DispatchPreference.practice_id == practitioner.practice_id,
            DispatchPreference.practitioner_id == practitioner.id,
        )
    )


def preferences_of(session: Session, practice_id: int) -> Mapping[int, DispatchPreference]:
    """What the practitioners of a practice set, by practitioner."""
    rows = session.scalars(select(DispatchPreference).where(DispatchPreference.practice_id == practice_id))
    return {one.practitioner_id: one for one in rows}


def alternates_for(session: Session, practitioner: Practitioner) -> Sequence[Practitioner]:
    """The colleagues of the practice who may stand in."""
    return session.scalars(
        select(Practitioner)
        .where(Practitioner.practice_id == practitioner.practice_id, Practitioner.id != practitioner.id)
        .order_by(Practitioner.position, Practitioner.id)
    ).all()


def set_preference(
    session: Session,
    practitioner: Practitioner,
    typed: TypedPreference,
    *,
    at: datetime,
    staff_id: int | None,
    countries: Set[str] = CALL_COUNTRIES,
) -> bool:
    """Keep a practitioner's wishes and tell whether anything changed; for notices that are told from now on.

    Raises ``Invalid`` naming the field.
    """
    columns = _columns(session, practitioner, typed, countries=countries)
    changed = fill(_row(session, practitioner), columns)
    if changed:
        _note(session, practitioner, "message_preferences_changed", at=at, staff_id=staff_id)
    return changed


def set_code(
    session: Session, practitioner: Practitioner, code: str, again: str, *, at: datetime, staff_id: int | None
) -> None:
    """Keep the hash of a practitioner's code for links. Raises ``Invalid`` for one that anybody would try first."""
    typed = code.strip()
    if not (typed.isascii() and typed.isdecimal() and SHORTEST_CODE <= len(typed) <= LONGEST_CODE):
        raise Invalid(
            N_("A code has %(least)s to %(most)s digits and nothing else."),
            field="code",
            least=SHORTEST_CODE,
            most=LONGEST_CODE,
        )
    if _is_obvious(typed):
        raise Invalid(N_("This code is among the first that anybody tries. Choose another one."), field="code")
    if typed != again.strip():
        raise Invalid(N_("The two codes are not the same. Type it twice."), field="again")
    _row(session, practitioner).code_hash = hash_password(typed, shortest=SHORTEST_CODE, field="code")
    forget_wrong_codes(session, practitioner.practice_id, practitioner.id)
    _note(session, practitioner, "message_code_set", at=at, staff_id=staff_id)


def remove_code(session: Session, practitioner: Practitioner, *, at: datetime, staff_id: int | None) -> None:
    """Forget the code: links then ask for sign-in. Twice, it changes nothing."""
    kept = find_preference(session, practitioner)
    if kept is None or not kept.code_hash:
        return
    kept.code_hash = ""
    _note(session, practitioner, "message_code_removed", at=at, staff_id=staff_id)


def read_hour(typed: str, *, field: str) -> time:
    """One hour as people type it: ``12:00``, ``8h30``, ``18h``. Raises ``Invalid`` with an example."""
    found = _HOUR.fullmatch(clean_line(typed, limit=12))
    if found is None or int(found[1]) > 23 or int(found[2] or 0) > 59:
        raise Invalid(N_("Type the hour like this: 08:30."), field=field)
    return time(int(found[1]), int(found[2] or 0))


def _columns(
    session: Session, practitioner: Practitioner, typed: TypedPreference, *, countries: Set[str]
) -> dict[str, object]:
    if typed.timing not in set(Timing):
        raise Invalid(N_("Choose when messages are told."), field="timing")
    country = session.scalars(select(Practice.country).where(Practice.id == practitioner.practice_id)).one()
    numbers = {
        name: read_ordinary_number(session, value, country=country, countries=countries, field=name)
        if value.strip()
        else ""
        for name, value in (("mobile", typed.mobile), ("second_number", typed.second_number))
    }
    columns: dict[str, object] = {
        "timing": Timing(typed.timing),
        "batch_at": _batch(typed),
        **_quiet(typed),
        "channel": _channel(typed, practitioner, numbers["mobile"] or practitioner.phone),
        **numbers,
        "email": _email(typed.email),
        "alternate_id": _alternate(session, practitioner, typed.alternate_id),
    }
    if numbers["second_number"] and numbers["second_number"] == (numbers["mobile"] or practitioner.phone):
        raise Invalid(N_("The second number is another one than the first."), field="second_number")
    return columns


def _batch(typed: TypedPreference) -> list[str]:
    words = re.split(r"[\s,;]+", clean_line(typed.batch_at, limit=120))
    hours = sorted({read_hour(one, field="batch_at") for one in words if one})
    if len(hours) > MOST_HOURS:
        raise Invalid(N_("At most %(most)s hours a day."), field="batch_at", most=MOST_HOURS)
    if not hours:
        if typed.timing == Timing.BATCH:
            raise Invalid(N_("Type at least one hour. Example: 12:00 18:00."), field="batch_at")
        return ["12:00", "18:00"]
    return [f"{one:%H:%M}" for one in hours]


def _quiet(typed: TypedPreference) -> dict[str, time | None]:
    starts, ends = typed.quiet_from.strip(), typed.quiet_until.strip()
    if not starts and not ends:
        return {"quiet_from": None, "quiet_until": None}
    if not starts or not ends:
        raise Invalid(
            N_("Quiet hours have a beginning and an end; leave both empty for none."),
            field="quiet_until" if starts else "quiet_from",
        )
    quiet_from, quiet_until = read_hour(starts, field="quiet_from"), read_hour(ends, field="quiet_until")
    if quiet_from == quiet_until:
        raise Invalid(N_("Quiet hours begin and end at different times."), field="quiet_until")
    return {"quiet_from": quiet_from, "quiet_until": quiet_until}


def _channel(typed: TypedPreference, practitioner: Practitioner, number: str) -> Channel:
    """The chosen way, which must lead somewhere; ``number``: the mobile, or else that of the directory."""
    if typed.channel not in CHANNELS:
        raise Invalid(N_("Choose how messages are told."), field="channel")
    channel = Channel(typed.channel)
    if channel is Channel.SMS and not number:
        raise Invalid(N_("A text needs a mobile number: type it here, or choose another way."), field="mobile")
    if channel is Channel.SMS and not is_mobile(number):
        raise Invalid(N_("No text reaches this number: type a mobile number, or choose another way."), field="mobile")
    if channel is Channel.PHONE and not number:
        raise Invalid(N_("A call needs a number: type it here, or choose another way."), field="mobile")
    if channel is Channel.EMAIL and not typed.email.strip():
        raise Invalid(N_("An e-mail needs an address: type it here, or choose another way."), field="email")
    if channel is Channel.APP and practitioner.staff_id is None:
        raise Invalid(N_("Nobody signs in as this practitioner: choose another way."), field="channel")
    return channel


def _email(typed: str) -> str:
    email = clean_line(typed, limit=255)
    if email and (len(email) > 254 or not _EMAIL.fullmatch(email)):
        raise Invalid(N_("This is not an e-mail address. Example: cabinet@example.org."), field="email")
    return email


def _alternate(session: Session, practitioner: Practitioner, alternate_id: int | None) -> int | None:
    if alternate_id == practitioner.id:
        raise Invalid(N_("Nobody stands in for themselves: choose a colleague."), field="alternate")
    if alternate_id is not None and alternate_id not in {one.id for one in alternates_for(session, practitioner)}:
        raise Invalid(N_("Choose a colleague of this practice."), field="alternate")
    return alternate_id


def _is_obvious(code: str) -> bool:
    """A run of digits up or down, or a shorter piece over and over."""
    return any(code in run for run in _RUNS) or any(
        len(code) % size == 0 and code == code[:size] * (len(code) // size) for size in range(1, len(code) // 2 + 1)
    )


def _row(session: Session, practitioner: Practitioner) -> DispatchPreference:
    kept = find_preference(session, practitioner)
    if kept is None:
        # Sent twice at once, the second waits and finds the first.
        insert_new(session, DispatchPreference, practice_id=practitioner.practice_id, practitioner_id=practitioner.id)
        kept = session.get_one(DispatchPreference, practitioner.id)
    return kept


def _note(session: Session, practitioner: Practitioner, action: str, *, at: datetime, staff_id: int | None) -> None:
    subject = f"practitioner {practitioner.id}"
    record_act(session, action, subject, at=at, staff_id=staff_id, practice_id=practitioner.practice_id)
    session.flush()
    touch(session, f"messages-{practitioner.practice_id}")
