"""Why hours that are open are not offered, and how many of those that are offered may still be given."""

from collections.abc import Sequence
from datetime import date

from callcenter.agenda.finding.openings import OpenSchedule, local_time
from callcenter.agenda.rules.offering import Question, shares, withheld
from callcenter.agenda.rules.opening_rules import GRID, Channel
from callcenter.agenda.rules.visit_rules import NotForHer, Visit, Visitor, visit_rule
from callcenter.agenda.rules.wall_clock import join, subtract, wall_day
from callcenter.agenda.views.rows import FreeRow, ShareLeft, WithheldRow


def withheld_rows(
    schedules: Sequence[OpenSchedule],
    visit: Visit,
    visitor: Visitor | None,
    free: Sequence[FreeRow],
    day: date,
    at: int,
) -> list[WithheldRow]:
    """What is open on this day, neither taken nor over, and not to be had by telephone; ``at`` in UTC seconds."""
    found = []
    for one in schedules:
        rule = visit_rule(visit, visitor, zone=one.zone)
        if rule is NotForHer.NO_NEW_PATIENTS:
            continue  # that is about her, not about these hours
        midnight, next_midnight = wall_day(day, one.zone)
        opened = [each for each in one.opened if each.begin < next_midnight and each.end > midnight]
        question = Question(Channel.PHONE, at, one.used)
        taken = join([*one.busy, *((row.start, row.end) for row in free)])
        for each in withheld(opened, None if isinstance(rule, NotForHer) else rule, question, zone=one.zone):
            stretch = max(each.begin, midnight), min(each.end, next_midnight)
            found += [
                WithheldRow(
                    start=begin,
                    end=end,
                    zone=one.zone,
                    why=each.why,
                    kept_for=each.rule.kind,
                    service_type_ids=each.rule.service_type_ids or frozenset(),
                    opens_at=each.opens_at,
                )
                for begin, end in subtract([stretch], taken)
                if end > at and end - begin >= GRID
            ]
    return found


def shares_left(
    schedules: Sequence[OpenSchedule], visit: Visit, visitor: Visitor | None, free: Sequence[FreeRow], at: int
) -> list[ShareLeft]:
    """Where more times are free than may be given; ``free`` is one day's."""
    found = []
    for one in schedules:
        rule = visit_rule(visit, visitor, zone=one.zone)
        if isinstance(rule, NotForHer):
            continue
        for opened, left in shares(one.opened, rule, Question(Channel.PHONE, at, one.used), zone=one.zone):
            there = [row for row in free if opened.begin <= row.start < opened.end]
            if left < len(there):
                begin, end = local_time(opened.begin, one.zone), local_time(opened.end, one.zone)
                found.append(ShareLeft(left, begin, end, is_all=len(there) == len(free)))
    return found
