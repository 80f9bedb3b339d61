"""The first free time of each of many practitioners, remembered while nothing can have changed it.

It stands while the version stands and the time itself can still be had: nothing sooner becomes free by waiting, unless
somebody holds a time, or an opening depends on when or through whom it is asked. Those are looked at anew.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.finding.kept import remembered
from callcenter.agenda.finding.places import Free
from callcenter.agenda.models import ServiceType
from callcenter.agenda.resource_models import ServiceNeed
from callcenter.agenda.rules.visit_rules import MINUTE, NewPatients, Visit
from callcenter.agenda.versions import Version, versions_of
from callcenter.core.db import kept_by


@dataclass(frozen=True, slots=True)
class First:
    """What one practitioner has first, for whoever asks between two instants (UTC seconds); None when nothing."""

    version: Version
    since: int
    until: int
    free: Free | None


class Firsts:
    """The first free times for one type of visit, as they stand."""

    def __init__(self, session: Session, service_type: ServiceType, *, days: int) -> None:
        practice_id, self._type_id = service_type.practice_id, service_type.id
        self._kept = kept_by(session)
        self._versions = {} if self._kept is None else versions_of(session, [practice_id])
        self._rules = self._versions.get(-practice_id, 0)
        self._key = ("firsts", practice_id, service_type.id, days, self._rules)
        self._found: dict[int, First] = (self._kept and self._kept.get(self._key)) or {}

    def version(self, practitioner_id: int) -> Version:
        """As it stood before anything was read."""
        return self._rules, self._versions.get(practitioner_id, 0)

    def known(self, practitioner_ids: Iterable[int], now: int) -> dict[int, First]:
        """Of these practitioners, those whose first free time stands."""
        found, versions = self._found, self._versions
        return {
            practitioner_id: one
            for practitioner_id in practitioner_ids
            if (one := found.get(practitioner_id)) is not None
            and one.since <= now <= one.until
            and one.version[1] == versions.get(practitioner_id, 0)
        }

    def note(
        self,
        session: Session,
        free: Mapping[int, Free | None],
        visits: Mapping[int, Visit],
        *,
        at: datetime,
    ) -> None:
        """Remember what has been found where it stands for a while."""
        if self._kept is None or not free or needs_company(session, self._type_id):
            return
        now = int(at.timestamp())
        midnight = datetime.combine(at.date() + timedelta(days=1), datetime.min.time(), UTC)
        noted = dict(self._found)
        for practitioner_id, one in free.items():
            version, visit = self.version(practitioner_id), visits[practitioner_id]
            agenda = remembered(self._kept, practitioner_id, version)
            if agenda is None or not agenda.is_plain or agenda.held or not is_for_all(visit):
                continue
            if one is not None:
                until = one.start - visit.notice_minutes * MINUTE
            else:
                # Tomorrow the search reaches a day further; where there is a horizon, it reaches further each moment.
                until = int(midnight.timestamp()) - 1 if visit.horizon_days is None else now
            noted[practitioner_id] = First(version, now, until, one)
        self._found = noted
        self._kept.put(self._key, noted, len(noted))


def is_for_all(visit: Visit) -> bool:
    """Whether whoever asks has the same times: nothing hangs on her age, nor on whether she is known."""
    is_alike = visit.new_patients is NewPatients.WELCOME and visit.youngest is None and visit.oldest is None
    return is_alike and visit.capacity == 1


def needs_company(session: Session, service_type_id: int) -> bool:
    """Whether more than the practitioner must be free."""
    needs = select(ServiceNeed.id).where(ServiceNeed.service_type_id == service_type_id)
    return session.scalar(needs.limit(1)) is not None
