"""Whether an agenda's rows agree with one another: read as they stand, by statements of its own.

Nothing here asks the product what it holds to be true; it is the accountant, who reads every row.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text

Row = dict[str, Any]
_STANDING = ("booked", "arrived", "fulfilled", "noshow")
_KEPT = ("status", "start", "end", "schedule_id", "practitioner_id", "lane", "overbooking_rule_id", "group_visit_id")


class Ledger:
    """Every row of the agenda, and what is wrong with them."""

    def __init__(self, engine: Engine) -> None:
        with engine.connect() as connection:
            self.rows = {
                table: [dict(row._mapping) for row in connection.execute(text(f"SELECT * FROM {table}"))]
                for table in (
                    *("appointment", "occupation", "hold", "group_visit", "opening_use", "opening_channel"),
                    *("overbooking_use", "appointment_event", "service_type", "service_need", "schedule"),
                    "practitioner",
                )
            }
            self.overlaps = connection.execute(
                text(
                    "SELECT count(*) FROM occupation a JOIN occupation b ON a.actor = b.actor AND a.lane = b.lane "
                    'AND a.id < b.id AND a.start < b."end" AND b.start < a."end"'
                )
            ).scalar_one()
        self.standing = [one for one in self.rows["appointment"] if one["status"] in _STANDING]
        self.held = [one for one in self.rows["hold"] if one["status"] == "active"]
        self.types = {one["id"]: one for one in self.rows["service_type"]}

    def faults(self) -> list[str]:
        """What does not agree, a sentence each."""
        return [
            *self._doubled(),
            *self._not_occupied(),
            *self._miscounted_openings(),
            *self._miscounted_lanes(),
            *self._miscounted_groups(),
            *self._wrong_histories(),
        ]

    def _doubled(self) -> Iterable[str]:
        """Nobody is in two places, by the occupied time and by the appointments themselves."""
        if self.overlaps:
            yield f"{self.overlaps} occupations overlap"
        taken: dict[Any, list[tuple[int, int]]] = defaultdict(list)
        for one in self.rows["occupation"]:
            taken["occupied", one["actor"], one["lane"]].append((one["start"], one["end"]))
        visits = {
            ("group", one["group_visit_id"]) if one["group_visit_id"] else ("alone", one["id"]): one
            for one in self.standing
            if one["lane"] == 0
        }
        for one in visits.values():
            taken["visit", one["practitioner_id"]].append((one["start"], one["end"]))
        for whose, pieces in taken.items():
            for before, after in pairwise(sorted(pieces)):
                if after[0] < before[1]:
                    yield f"{whose} is taken twice from {after[0]}"

    def _not_occupied(self) -> Iterable[str]:
        """What stands occupies its practitioner and all that it needs, and nothing else occupies anybody."""
        owners: dict[tuple[str, int], list[Row]] = defaultdict(list)
        for one in self.rows["occupation"]:
            for what in ("appointment", "hold", "group_visit"):
                if one[f"{what}_id"] is not None:
                    owners[what, one[f"{what}_id"]].append(one)
        groups = [one for one in self.rows["group_visit"] if one["taken"] > 0]
        expected = [
            *(("appointment", one) for one in self.standing if one["group_visit_id"] is None),
            *(("hold", one) for one in self.held if one["group_visit_id"] is None),
            *(("group_visit", one) for one in groups),
        ]
        for what, one in expected:
            rows = owners.pop((what, one["id"]), [])
            visit = self.types[one["service_type_id"]]
            needs = sum(need["service_type_id"] == visit["id"] for need in self.rows["service_need"])
            begin, end = one["start"] - visit["before_minutes"] * 60, one["end"] + visit["after_minutes"] * 60
            actors = {row["actor"] for row in rows}
            if len(rows) != 1 + needs or len(actors) != len(rows) or 2 * one["practitioner_id"] not in actors:
                yield f"{what} {one['id']} occupies {sorted(actors)} and needs {1 + needs}"
            if any((row["start"], row["end"]) != (begin, end) for row in rows):
                yield f"{what} {one['id']} occupies another time than its own"
            lanes = {row["lane"] for row in rows if row["actor"] == 2 * one["practitioner_id"]}
            if rows and lanes != {one.get("lane", 0)}:
                yield f"{what} {one['id']} stands in another lane than it occupies"
        for what, number in owners:
            yield f"{what} {number} does not stand and occupies somebody"

    def _miscounted_openings(self) -> Iterable[str]:
        limited = {
            (one["opening_id"], one["channel"]) for one in self.rows["opening_channel"] if one["quota"] is not None
        }
        quota = {(one["opening_id"], one["channel"]): one["quota"] for one in self.rows["opening_channel"]}
        counted = Counter(
            (one["opening_id"], str(one["opening_day"]), one["channel"])
            for one in (*self.standing, *self.held)
            if (one["opening_id"], one["channel"]) in limited
        )
        said = Counter(
            {
                (one["opening_id"], str(one["day"]), one["channel"]): one["taken"]
                for one in self.rows["opening_use"]
                if one["taken"]
            }
        )
        yield from _differences("share of an opening", said, counted)
        for (opening_id, day, channel), taken in counted.items():
            if taken > quota[opening_id, channel]:
                yield f"opening {opening_id} on {day} gave {taken} to {channel}"

    def _miscounted_lanes(self) -> Iterable[str]:
        zones = {one["id"]: ZoneInfo(one["zone"]) for one in self.rows["schedule"]}
        counted: Counter[tuple[int, date]] = Counter()
        for one in self.standing:
            if (one["lane"] == 0) != (one["overbooking_rule_id"] is None):
                yield f"appointment {one['id']} stands in lane {one['lane']} by rule {one['overbooking_rule_id']}"
            elif one["lane"]:
                day = datetime.fromtimestamp(one["start"], zones[one["schedule_id"]]).date()
                counted[one["overbooking_rule_id"], day] += 1
        said = Counter(
            {
                (one["rule_id"], date.fromisoformat(str(one["day"]))): one["taken"]
                for one in self.rows["overbooking_use"]
                if one["taken"]
            }
        )
        yield from _differences("rule that lets more in", said, counted)

    def _miscounted_groups(self) -> Iterable[str]:
        counted = Counter(one["group_visit_id"] for one in (*self.standing, *self.held) if one["group_visit_id"])
        said = Counter({one["id"]: one["taken"] for one in self.rows["group_visit"] if one["taken"]})
        yield from _differences("group", said, counted)
        for one in self.rows["group_visit"]:
            if one["taken"] > one["capacity"]:
                yield f"group {one['id']} holds {one['taken']}"

    def _wrong_histories(self) -> Iterable[str]:
        """The last line of every appointment says what its row says, and each line begins where the last one ended."""
        occupied: dict[int, list[tuple[int, int, int, int]]] = defaultdict(list)
        for one in self.rows["occupation"]:
            if one["appointment_id"] is not None:
                occupied[one["appointment_id"]].append((one["actor"], one["lane"], one["start"], one["end"]))
        lines: dict[int, list[Row]] = defaultdict(list)
        for event in sorted(self.rows["appointment_event"], key=lambda one: one["id"]):
            lines[event["appointment_id"]].append(event)
        for one in self.rows["appointment"]:
            events = lines[one["id"]]
            if not events:
                yield f"appointment {one['id']} has no history"
                continue
            last = _plain(events[-1]["after"])
            wrong = [name for name in _KEPT if last.get(name) != one[name]]
            if wrong:
                yield f"appointment {one['id']} and its history differ in {', '.join(wrong)}"
            if sorted(tuple(taken) for taken in last.get("occupied", [])) != sorted(occupied[one["id"]]):
                yield f"appointment {one['id']} occupies another time than its history says"
            for before, after in pairwise(events):
                if _plain(before["after"]) != _plain(after["before"]):
                    yield f"appointment {one['id']}: its {after['act']} does not begin where its {before['act']} ended"


def _plain(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(value) if isinstance(value, str) else value
    return found


def _differences(what: str, said: Counter[Any], counted: Counter[Any]) -> Iterable[str]:
    for key in sorted(said.keys() | counted.keys(), key=str):
        if said[key] != counted[key]:
            yield f"{what} {key} says {said[key]}, and {counted[key]} stand"
