"""What readers remember of agendas: what their rules open and what is taken, for as long as the version stands.

What depends on the moment of a question and on who asks (notice, releases, shares of channels, holds that lapse or are
her own) is decided anew for each question. Whoever writes adds nothing to it: she looks up rules, and reads what is
taken herself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.agenda.actors import practitioner_actor
from callcenter.agenda.finding.occupancy import Looker, Taken, read_taken
from callcenter.agenda.finding.rule_reading import read_rules
from callcenter.agenda.rules.opening_rules import AgendaRules, Opened, OpeningKind, opened_between
from callcenter.agenda.rules.wall_clock import Interval, join, wall_seconds
from callcenter.agenda.versions import Version, rules_are_touched, versions_of
from callcenter.core.db import kept_by, read_by_others
from callcenter.core.keep import Keep
from callcenter.core.scope import Practices, scope_of
from callcenter.directory.models import Practitioner

_DAY = timedelta(days=1)
_BESIDES = timedelta(days=7)  # read with a few days: the next look is often at the week beside
_FEW_DAYS, _LONGEST = 62, 700  # the rules of public holidays are read for two years
_FEW = 20  # practitioners


@dataclass(frozen=True, slots=True)
class KeptSchedule:
    """One schedule and what its rules open; ``opened`` begins with the day before the first one that is remembered."""

    schedule_id: int
    rules: AgendaRules
    opened: tuple[Opened, ...]

    def opened_between(self, first_day: date, last_day: date) -> tuple[Opened, ...]:
        """As the function of that name: the day before is there too."""
        before = first_day - _DAY
        return tuple([one for one in self.opened if before <= one.day <= last_day])


@dataclass(frozen=True, slots=True)
class KeptAgenda:
    """One practitioner's schedules on some days, and what is taken of her. ``is_plain``: see ``_is_plain``."""

    version: Version
    first_day: date
    last_day: date
    schedules: tuple[KeptSchedule, ...]
    standing: tuple[Interval, ...]
    held: tuple[Taken, ...]
    is_plain: bool
    is_limited: bool  # a channel has its share of one of her openings

    def covers(self, first_day: date, last_day: date) -> bool:
        """Whether these days are remembered."""
        return self.first_day <= first_day and last_day <= self.last_day

    def busy(self, looker: Looker) -> tuple[Interval, ...]:
        """What is taken for this looker, sorted and joined."""
        if not self.held:
            return self.standing
        held = ((one.start, one.end) for one in self.held if looker.sees(one))
        return tuple(join([*self.standing, *held]))


def read_kept(
    session: Session, practitioner_ids: Sequence[int], first_day: date, last_day: date
) -> dict[int, KeptAgenda] | None:
    """These practitioners' agendas, from memory where it still holds; None for a session that remembers nothing."""
    kept = kept_by(session)
    if kept is None:
        return None
    practices = _practices(session, kept, practitioner_ids)
    versions = versions_of(
        session, set(practices.values()), practitioner_ids if len(practitioner_ids) <= _FEW else None
    )
    found: dict[int, KeptAgenda] = {}
    missing: dict[int, Version] = {}
    for practitioner_id, practice_id in practices.items():
        version = (versions.get(-practice_id, 0), versions.get(practitioner_id, 0))
        one: KeptAgenda | None = kept.get(_key(practitioner_id))
        if one is not None and one.version == version and one.covers(first_day, last_day):
            found[practitioner_id] = one
        else:
            missing[practitioner_id] = version
    if missing:
        found |= _read(session, kept, missing, first_day, last_day)
    return found


def rules_for_writer(
    session: Session, practitioner_ids: Sequence[int], first_day: date, last_day: date
) -> list[tuple[int, KeptSchedule]] | None:
    """Their schedules with the practitioner of each, sorted; for whoever writes, when all are in memory as they stand.

    Rules only: what is taken she reads herself, under her locks. One query; None when anything is missing, or when this
    transaction has changed rules.
    """
    kept = read_by_others(session)
    if kept is None:
        return None
    practices = {one: kept.get(("practice of", one)) for one in practitioner_ids}
    ids = {one for one in practices.values() if one is not None}
    if None in practices.values() or not ids:
        return None
    versions = versions_of(session, ids, ())
    if any(rules_are_touched(session, one) for one in ids):
        return None
    found: list[tuple[int, KeptSchedule]] = []
    for practitioner_id, practice_id in practices.items():
        one: KeptAgenda | None = kept.get(_key(practitioner_id))
        if one is None or one.version[0] != versions.get(-practice_id, 0) or not one.covers(first_day, last_day):
            return None
        found += [(practitioner_id, each) for each in one.schedules]
    return sorted(found, key=lambda each: each[1].schedule_id)


def remembered(kept: Keep, practitioner_id: int, version: Version) -> KeptAgenda | None:
    """What is in memory of one agenda at this version, if anything."""
    one: KeptAgenda | None = kept.get(_key(practitioner_id))
    return one if one is not None and one.version == version else None


def _practices(session: Session, kept: Keep, practitioner_ids: Iterable[int]) -> dict[int, int]:
    """Whose practitioner each is, of those within the scope; that never changes."""
    known = {one: kept.get(("practice of", one)) for one in practitioner_ids}
    unknown = [one for one, practice_id in known.items() if practice_id is None]
    if unknown:
        rows = session.execute(
            select(Practitioner.id, Practitioner.practice_id).where(Practitioner.id.in_(unknown))
        ).all()
        for practitioner_id, practice_id in rows:
            kept.put(("practice of", practitioner_id), practice_id)
            known[practitioner_id] = practice_id
    scope = scope_of(session)
    seen = scope.ids if isinstance(scope, Practices) else None
    return {
        one: practice_id
        for one, practice_id in known.items()
        if practice_id is not None and (seen is None or practice_id in seen)
    }


def _read(
    session: Session, kept: Keep, missing: Mapping[int, Version], first_day: date, last_day: date
) -> dict[int, KeptAgenda]:
    before: dict[int, KeptAgenda] = {}
    for practitioner_id in missing:
        one = kept.get(_key(practitioner_id))
        if one is not None:
            before[practitioner_id] = one
    first_day, last_day = _span(before.values() if len(missing) <= _FEW else (), first_day, last_day)
    # After a booking the rules still stand: only what is taken is read again.
    standing = {
        practitioner_id: one.schedules
        for practitioner_id, one in before.items()
        if one.version[0] == missing[practitioner_id][0] and one.covers(first_day, last_day)
    }
    schedules = standing | _unfold(session, [one for one in missing if one not in standing], first_day, last_day)
    # A day more on both sides: the days are wall-clock, the instants are not.
    begin, end = wall_seconds(first_day - _DAY), wall_seconds(last_day + 2 * _DAY)
    taken = read_taken(session, [practitioner_actor(one) for one in missing], begin, end)
    found: dict[int, KeptAgenda] = {}
    for practitioner_id, version in missing.items():
        own, rows = schedules.get(practitioner_id, ()), taken[practitioner_actor(practitioner_id)]
        one = KeptAgenda(
            version=version,
            first_day=first_day,
            last_day=last_day,
            schedules=own,
            standing=tuple(join((row.start, row.end) for row in rows if row.until is None)),
            held=tuple(row for row in rows if row.until is not None),
            is_plain=all(_is_plain(each.rules) for each in own),
            is_limited=any(
                allowed.quota is not None
                for each in own
                for opening in each.rules.openings
                for allowed in (opening.channels or {}).values()
            ),
        )
        kept.put(_key(practitioner_id), one, 10 + sum(len(each.opened) for each in own) + len(rows))
        found[practitioner_id] = one
    return found


def _span(before: Iterable[KeptAgenda], first_day: date, last_day: date) -> tuple[date, date]:
    """Which days to read: those asked for, and what is looked at besides."""
    if (last_day - first_day).days > _FEW_DAYS:
        wide = first_day, last_day
    else:
        wide = first_day - _BESIDES, last_day + _BESIDES
    for one in before:
        wider = min(wide[0], one.first_day), max(wide[1], one.last_day)
        wide = wider if (wider[1] - wider[0]).days <= _LONGEST else wide
    return wide


def _unfold(
    session: Session, practitioner_ids: Sequence[int], first_day: date, last_day: date
) -> dict[int, tuple[KeptSchedule, ...]]:
    if not practitioner_ids:
        return {}
    found: dict[int, tuple[KeptSchedule, ...]] = {}
    for one in read_rules(session, practitioner_ids, since=first_day):
        opened = tuple(opened_between(one.rules, first_day, last_day))
        made = KeptSchedule(one.schedule_id, one.rules, opened)
        found[one.practitioner_id] = (*found.get(one.practitioner_id, ()), made)
    return found


def _is_plain(rules: AgendaRules) -> bool:
    """Whether what is open does not depend on when it is asked, nor by whom."""
    return all(one.channels is None and one.kind is OpeningKind.NORMAL for one in rules.openings)


def _key(practitioner_id: int) -> tuple[str, int]:
    return "agenda of", practitioner_id
