"""The places where a practice receives patients."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.errors import NotFound
from callcenter.core.i18n import N_
from callcenter.core.text import clean_line
from callcenter.directory.changes import code_from, fill, needed, remove_unused, valid_zone
from callcenter.directory.models import Practice, Site


@dataclass(frozen=True, slots=True)
class SiteParticulars:
    """A site as typed; an empty zone is the practice's."""

    name: str = ""
    address: str = ""
    postal_code: str = ""
    city: str = ""
    zone: str = ""


def list_sites(session: Session, practice_id: int) -> Sequence[Site]:
    """The practice's sites, oldest first."""
    return session.scalars(select(Site).where(Site.practice_id == practice_id).order_by(Site.id)).all()


def load_site(session: Session, practice_id: int, site_id: int, *, sentence: str | None = None) -> Site:
    """One site of this practice. Raises ``NotFound``."""
    site = session.scalar(select(Site).where(Site.practice_id == practice_id, Site.id == site_id))
    if site is None:
        raise NotFound(sentence or N_("This practice has no such site."))
    return site


def add_site(
    session: Session,
    practice: Practice,
    typed: SiteParticulars,
    *,
    at: datetime,
    staff_id: int | None,
    code: str | None = None,
) -> Site:
    """Note a place of a practice. Raises ``Invalid`` naming the field."""
    columns = _columns(practice, typed)
    taken = session.scalars(select(Site.code).where(Site.practice_id == practice.id))
    site = Site(practice_id=practice.id, code=code or code_from(str(columns["name"]), taken), **columns)
    session.add(site)
    session.flush()
    record_act(session, "site_added", f"site {site.id}", at=at, staff_id=staff_id, practice_id=practice.id)
    return site


def change_site(
    session: Session, practice: Practice, site: Site, typed: SiteParticulars, *, at: datetime, staff_id: int | None
) -> bool:
    """Correct a site and tell whether anything changed; its agendas' zone is followed by ``agenda.editing.setup``."""
    changed = fill(site, _columns(practice, typed))
    if changed:
        record_act(session, "site_changed", f"site {site.id}", at=at, staff_id=staff_id, practice_id=practice.id)
    return changed


def remove_site(session: Session, site: Site, *, at: datetime, staff_id: int | None) -> None:
    """Forget a place. Raises ``Conflict`` while practitioners receive there."""
    record_act(session, "site_removed", f"site {site.id}", at=at, staff_id=staff_id, practice_id=site.practice_id)
    remove_unused(session, site, N_("Practitioners receive at this site. Move them to another one first."))


def _columns(practice: Practice, typed: SiteParticulars) -> dict[str, object]:
    return {
        "name": needed(typed.name, N_("A name is needed."), field="name", limit=120),
        "address": clean_line(typed.address, limit=200),
        "postal_code": clean_line(typed.postal_code, limit=12),
        "city": clean_line(typed.city, limit=80),
        "zone": valid_zone(typed.zone or practice.zone),
    }
