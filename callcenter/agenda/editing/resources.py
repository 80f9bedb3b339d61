"""The rooms and devices of a practice, and what its types of visit need besides their practitioner."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from callcenter.agenda.models import ServiceType
from callcenter.agenda.resource_models import NeedKind, Resource, ServiceNeed
from callcenter.agenda.versions import touch_agenda
from callcenter.core.audit import record_act
from callcenter.core.errors import Invalid, NotFound
from callcenter.core.i18n import N_
from callcenter.core.text import clean_line
from callcenter.directory.models import Practitioner, Site


@dataclass(frozen=True, slots=True)
class ResourceParticulars:
    """A room or a device as typed; without a site it goes wherever it is needed."""

    kind: str = NeedKind.ROOM.value
    name: str = ""
    category: str = ""
    site: str = ""


@dataclass(frozen=True, slots=True)
class NeedParticulars:
    """What a type of visit needs, as chosen: ``what`` is ``room:category``, ``device:category`` or ``practitioner:id``.

    An empty second part is any.
    """

    service_type: str = ""
    what: str = ""


@dataclass(frozen=True, slots=True)
class NeedLine:
    """One need as people read it."""

    need_id: int
    service_type: str
    kind: NeedKind
    category: str
    practitioner: str


def list_resources(session: Session, practice_id: int) -> Sequence[Resource]:
    """Rooms first, then devices, by name; those out of use last."""
    return session.scalars(
        select(Resource)
        .where(Resource.practice_id == practice_id)
        .order_by(Resource.is_active.desc(), Resource.kind.desc(), Resource.name)
    ).all()


def load_resource(session: Session, practice_id: int, resource_id: int) -> Resource:
    """One room or device of this practice. Raises ``NotFound``."""
    found = session.scalar(select(Resource).where(Resource.practice_id == practice_id, Resource.id == resource_id))
    if found is None:
        raise NotFound(N_("This practice has no such room or device."))
    return found


def add_resource(
    session: Session, practice_id: int, typed: ResourceParticulars, *, at: datetime, staff_id: int | None
) -> Resource:
    """Add a room or a device. Raises ``Invalid`` naming the field."""
    resource = Resource(practice_id=practice_id, is_active=True, **_columns(session, practice_id, typed, None))
    session.add(resource)
    session.flush()
    _note(session, practice_id, "resource_added", resource.id, at=at, staff_id=staff_id)
    return resource


def change_resource(
    session: Session, resource: Resource, typed: ResourceParticulars, *, at: datetime, staff_id: int | None
) -> None:
    """Correct a room or a device; what is booked keeps it. Raises ``Invalid`` naming the field."""
    for name, value in _columns(session, resource.practice_id, typed, resource.id).items():
        setattr(resource, name, value)
    _note(session, resource.practice_id, "resource_changed", resource.id, at=at, staff_id=staff_id)


def use_resource(session: Session, resource: Resource, *, is_active: bool, at: datetime, staff_id: int | None) -> None:
    """Put it out of use, or back into it: nothing new is booked in it, what is booked stays."""
    resource.is_active = is_active
    act = "resource_resumed" if is_active else "resource_retired"
    _note(session, resource.practice_id, act, resource.id, at=at, staff_id=staff_id)


def list_needs(session: Session, practice_id: int) -> list[NeedLine]:
    """What types of visit need, in the order of the types."""
    rows = session.execute(
        select(ServiceNeed, ServiceType.name, Practitioner.name.label("practitioner"))
        .join(ServiceType, ServiceType.id == ServiceNeed.service_type_id)
        .outerjoin(Practitioner, Practitioner.id == ServiceNeed.practitioner_id)
        .where(ServiceNeed.practice_id == practice_id)
        .order_by(ServiceType.position, ServiceType.id, ServiceNeed.id)
    )
    return [
        NeedLine(
            row.ServiceNeed.id,
            row.name,
            NeedKind(row.ServiceNeed.kind),
            row.ServiceNeed.category,
            row.practitioner or "",
        )
        for row in rows
    ]


def add_need(session: Session, practice_id: int, typed: NeedParticulars, *, at: datetime, staff_id: int | None) -> None:
    """A type of visit needs one thing more. Raises ``Invalid`` naming the field."""
    types = select(ServiceType.id).where(ServiceType.practice_id == practice_id)
    if typed.service_type not in {str(one) for one in session.scalars(types)}:
        raise Invalid(N_("Choose one of these."), field="service_type")
    kind, _, which = typed.what.partition(":")
    need = ServiceNeed(practice_id=practice_id, service_type_id=int(typed.service_type), category="")
    if kind == NeedKind.PRACTITIONER:
        people = select(Practitioner.id).where(Practitioner.practice_id == practice_id)
        if which and which not in {str(one) for one in session.scalars(people)}:
            raise Invalid(N_("Choose one of these."), field="what")
        need.practitioner_id = int(which) if which else None
    elif kind in {NeedKind.ROOM, NeedKind.DEVICE}:
        there = {(one.kind, one.category) for one in list_resources(session, practice_id)}
        if (kind, which) not in there | {(one, "") for one, _ in there}:
            raise Invalid(N_("Choose one of these."), field="what")
        need.category = which
    else:
        raise Invalid(N_("Choose one of these."), field="what")
    need.kind = NeedKind(kind)
    session.add(need)
    session.flush()
    _note(session, practice_id, "need_added", need.id, at=at, staff_id=staff_id, table="service_need")


def remove_need(session: Session, practice_id: int, need_id: int, *, at: datetime, staff_id: int | None) -> None:
    """A type of visit needs this no longer; what is booked keeps what it has. Again changes nothing."""
    session.execute(delete(ServiceNeed).where(ServiceNeed.id == need_id, ServiceNeed.practice_id == practice_id))
    _note(session, practice_id, "need_removed", need_id, at=at, staff_id=staff_id, table="service_need")


def _columns(
    session: Session, practice_id: int, typed: ResourceParticulars, resource_id: int | None
) -> dict[str, object]:
    name, category = clean_line(typed.name, limit=80), clean_line(typed.category, limit=40)
    if typed.kind not in {NeedKind.ROOM, NeedKind.DEVICE}:
        raise Invalid(N_("Choose one of these."), field="kind")
    if not name:
        raise Invalid(N_("Give it a name."), field="name")
    others = select(Resource.id).where(
        Resource.practice_id == practice_id, Resource.name == name, Resource.id != (resource_id or 0)
    )
    if session.scalar(others.limit(1)) is not None:
        raise Invalid(N_("There is one of that name already."), field="name")
    sites = {str(one) for one in session.scalars(select(Site.id).where(Site.practice_id == practice_id))}
    if typed.site and typed.site not in sites:
        raise Invalid(N_("Choose one of these."), field="site")
    return {
        "kind": NeedKind(typed.kind),
        "name": name,
        "category": category,
        "site_id": int(typed.site) if typed.site else None,
    }


def _note(
    session: Session,
    practice_id: int,
    act: str,
    row_id: int,
    *,
    at: datetime,
    staff_id: int | None,
    table: str = "resource",
) -> None:
    record_act(session, f"agenda.{act}", f"{table} {row_id}", at=at, staff_id=staff_id, practice_id=practice_id)
    touch_agenda(session, practice_id)
