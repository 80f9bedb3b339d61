"""Which minutes can be had, and why the others cannot: a slow look at every one, without the product's arithmetic.

It reads the tables by statements of its own and asks ``zoneinfo`` what the wall shows at each
minute. ``None`` stands for a minute that can be had.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text

from callcenter.drills.agenda_oracle_days import Opens, Row, as_day, as_seconds, as_time, closes, openings_at

MINUTE = 60

# The order in which reasons are given.
ORDER = (
    "not_offered no_new_patients past too_soon too_far too_young too_old closed other_type other_channel kept window "
    "full taken off_grid no_room no_device no_colleague overbooked group_full"
).split()


@dataclass(frozen=True)
class Asked:
    """Who asks for what, by which channel, and when."""

    practitioner_id: int
    service_type_id: int
    patient_id: int
    channel: str
    staff_id: int
    at: int


class Oracle:
    """The tables as they stand, looked at between two instants (UTC seconds, whole minutes)."""

    def __init__(self, engine: Engine, begin: int, end: int, practice_id: int) -> None:
        self.minutes = range(begin - 2 * 86_400, end + 2 * 86_400, MINUTE)
        tables = (
            "schedule site opening opening_service_type opening_channel day_exception service_type "
            "practitioner_service appointment occupation hold group_visit resource service_need patient"
        ).split()
        asked, whose = "SELECT * FROM {} WHERE practice_id = :practice_id ORDER BY 1", {"practice_id": practice_id}
        with engine.connect() as connection:
            self.rows: dict[str, list[Row]] = {
                table: [dict(row._mapping) for row in connection.execute(text(asked.format(table)), whose)]
                for table in tables
            }
        self._open: dict[int, dict[int, set[Opens]]] = {}
        self._grid: dict[int, dict[tuple[int, Opens], int]] = {}
        for schedule in self.rows["schedule"]:
            self._look_at(schedule)

    # -- When it is open -----------------------------------------------------------------------------------------------

    def _look_at(self, schedule: Row) -> None:
        """What opens each minute, and where the grid of each opening begins: also where something closes it later."""
        place = ZoneInfo(schedule["zone"])
        opened: dict[int, set[Opens]] = {}
        grid: dict[tuple[int, Opens], int] = {}
        rules = [one for one in self.rows["opening"] if one["schedule_id"] == schedule["id"]]
        special = [
            one
            for one in self.rows["day_exception"]
            if one["schedule_id"] == schedule["id"]
            or (one["schedule_id"] is None and one["practice_id"] == schedule["practice_id"])
        ]
        for minute in self.minutes:
            shown = datetime.fromtimestamp(minute, place).replace(tzinfo=None, fold=0)
            here = set(openings_at(shown, rules, special, bool(schedule["keeps_holidays"])))
            for key in here:
                first = grid.get((minute - MINUTE, key))
                grid[minute, key] = (
                    next(m for m in range(minute, minute + 300, MINUTE) if m % 300 == 0) if first is None else first
                )
            if not any(closes(one, shown) for one in special):
                opened[minute] = here
        self._open[schedule["id"]], self._grid[schedule["id"]] = opened, grid

    # -- Whether it can be had -----------------------------------------------------------------------------------------

    def reason(self, minute: int, asked: Asked) -> str | None:
        """Why this minute cannot be had; None when it can."""
        why = "closed"
        for schedule in self.rows["schedule"]:
            if schedule["practitioner_id"] == asked.practitioner_id:
                found = self._reason_in(schedule, minute, asked)
                if found is None or found in {"not_offered", "no_new_patients"}:
                    return found
                if why == "closed":
                    why = found
        return why

    def _reason_in(self, schedule: Row, minute: int, asked: Asked) -> str | None:
        visit = self._visit(asked)
        if isinstance(visit, str):
            return visit
        if minute < asked.at:
            return "past"
        if minute < asked.at + visit["notice_minutes"] * 60:
            return "too_soon"
        if visit["horizon_days"] is not None and minute > asked.at + visit["horizon_days"] * 86_400:
            return "too_far"
        age = self._age(schedule, minute, asked)
        if age is not None and visit["youngest"] is not None and age < visit["youngest"]:
            return "too_young"
        if age is not None and visit["oldest"] is not None and age > visit["oldest"]:
            return "too_old"
        inside = range(minute, minute + visit["length"], MINUTE)
        opened = self._open[schedule["id"]]
        if not all(opened.get(one) for one in inside):
            return "closed"
        touched = {key for one in inside for key in opened[one]}
        judged = {key: self._judge(key, schedule, visit, asked) for key in touched}
        if not all(any(judged[key] is None for key in opened[one]) for one in inside):
            return min((reason for reason in judged.values() if reason), key=ORDER.index)
        here = [key for key in opened[minute] if judged[key] is None and self._in_window(key, minute, asked)]
        if not here:
            return "window"
        group = self._group(schedule, visit, minute)
        around = (minute - visit["before_minutes"] * 60, minute + visit["length"] + visit["after_minutes"] * 60)
        if not self._is_free(2 * asked.practitioner_id, around, asked, but=group):
            return "taken"
        grid = self._grid[schedule["id"]]
        if not any((minute - grid[minute, key]) % (visit["step_minutes"] * 60) == 0 for key in here):
            return "off_grid"
        if group is not None:
            return None if self._left(group, asked) > 0 else "group_full"
        return self._missing(schedule, visit, (minute, minute + visit["length"]), around, asked)

    def is_occupied(self, practitioner_id: int, begin: int, end: int, at: int) -> bool:
        """Whether anything at all, her own holds and other lanes too, lies there."""
        return any(
            one["actor"] == 2 * practitioner_id
            and one["start"] < end
            and one["end"] > begin
            and (one["until"] is None or one["until"] > at)
            for one in self.rows["occupation"]
        )

    def _visit(self, asked: Asked) -> Row | str:
        visit = dict(next(one for one in self.rows["service_type"] if one["id"] == asked.service_type_id))
        for own in self.rows["practitioner_service"]:
            if (own["practitioner_id"], own["service_type_id"]) == (asked.practitioner_id, asked.service_type_id):
                if not own["is_offered"]:
                    return "not_offered"
                names = "duration_minutes new_patients new_patient_minutes notice_minutes horizon_days".split()
                visit |= {name: own[name] for name in names if own[name] is not None}
        knows = any(
            (one["patient_id"], one["practitioner_id"]) == (asked.patient_id, asked.practitioner_id)
            and one["status"] != "cancelled"
            for one in self.rows["appointment"]
        )
        if not knows and visit["new_patients"] == "refused":
            return "no_new_patients"
        longer = not knows and visit["new_patients"] == "longer"
        visit["length"] = 60 * (visit["new_patient_minutes"] if longer else visit["duration_minutes"])
        return visit

    def _age(self, schedule: Row, minute: int, asked: Asked) -> int | None:
        born = next(one["birth_on"] for one in self.rows["patient"] if one["id"] == asked.patient_id)
        if born is None:
            return None
        born = as_day(born)
        today = datetime.fromtimestamp(minute, ZoneInfo(schedule["zone"])).date()
        return int(today.year - born.year - ((today.month, today.day) < (born.month, born.day)))

    def _judge(self, key: Opens, schedule: Row, visit: Row, asked: Asked) -> str | None:
        """Why this opening is not for such a visit, whichever its minute."""
        what, number, day = key
        if what == "exception":
            return None
        rule = next(one for one in self.rows["opening"] if one["id"] == number)
        types = {one["service_type_id"] for one in self.rows["opening_service_type"] if one["opening_id"] == number}
        if types and visit["id"] not in types:
            return "other_type"
        channels = {one["channel"]: one for one in self.rows["opening_channel"] if one["opening_id"] == number}
        if channels and asked.channel not in channels:
            return "other_channel"
        if not self._is_released(rule, day, schedule, asked) and not (
            asked.channel == "internal" if rule["kind"] == "reserve" else visit["is_urgent"]
        ):
            return "kept"
        quota = channels[asked.channel]["quota"] if channels else None
        if quota is not None and self._used(asked)[number, day] >= quota:
            return "full"
        return None

    def _is_released(self, rule: Row, day: date, schedule: Row, asked: Asked) -> bool:
        if rule["kind"] == "normal":
            return True
        if rule["release_days"] is None:
            return False
        wall = datetime.combine(day - timedelta(days=rule["release_days"]), as_time(rule["release_at"]))
        return datetime.fromtimestamp(asked.at, ZoneInfo(schedule["zone"])).replace(tzinfo=None) >= wall

    def _used(self, asked: Asked) -> Counter[tuple[int, date]]:
        """Visits that stand and holds that count, by opening and day."""
        standing = [one for one in self.rows["appointment"] if one["status"] != "cancelled"]
        return Counter(
            (one["opening_id"], as_day(one["opening_day"]))
            for one in (*standing, *self._holds(asked))
            if one["opening_id"] is not None and one["channel"] == asked.channel
        )

    def _holds(self, asked: Asked) -> list[Row]:
        """The holds that take something from whoever asks."""
        return [
            one
            for one in self.rows["hold"]
            if one["status"] == "active"
            and as_seconds(one["expires_at"]) > asked.at
            and one["staff_id"] != asked.staff_id
        ]

    def _in_window(self, key: Opens, minute: int, asked: Asked) -> bool:
        if key[0] == "exception":
            return True
        for one in self.rows["opening_channel"]:
            if (one["opening_id"], one["channel"]) == (key[1], asked.channel):
                ahead = minute - asked.at
                earliest = one["earliest_minutes"]
                return bool(ahead >= one["latest_minutes"] * 60 and (earliest is None or ahead <= earliest * 60))
        return True

    # -- Who and what takes part ---------------------------------------------------------------------------------------

    def _is_free(self, actor: int, around: tuple[int, int], asked: Asked, *, but: Row | None = None) -> bool:
        return not any(
            one["actor"] == actor
            and one["lane"] == 0
            and one["start"] < around[1]
            and one["end"] > around[0]
            and (one["until"] is None or (one["until"] > asked.at and one["held_by"] != asked.staff_id))
            and (but is None or one["group_visit_id"] != but["id"])
            for one in self.rows["occupation"]
        )

    def _group(self, schedule: Row, visit: Row, minute: int) -> Row | None:
        if visit["capacity"] < 2:
            return None
        for one in self.rows["group_visit"]:
            if (one["schedule_id"], one["service_type_id"], one["start"]) == (schedule["id"], visit["id"], minute):
                return one if one["taken"] > 0 else None
        return None

    def _left(self, group: Row, asked: Asked) -> int:
        there = [one for one in self.rows["appointment"] if one["status"] != "cancelled"] + self._holds(asked)
        left: int = group["capacity"] - sum(one["group_visit_id"] == group["id"] for one in there)
        return left

    def _missing(
        self, schedule: Row, visit: Row, inside: tuple[int, int], around: tuple[int, int], asked: Asked
    ) -> str | None:
        """The first need that no choice of company can meet together with those before it."""
        needs = [one for one in self.rows["service_need"] if one["service_type_id"] == visit["id"]]
        free = [
            [one for one in self._candidates(need, schedule, inside) if self._is_free(one, around, asked)]
            for need in needs
        ]
        for count in range(1, len(needs) + 1):
            if not any(len(set(choice)) == count for choice in product(*free[:count])):
                return {"room": "no_room", "device": "no_device", "practitioner": "no_colleague"}[
                    needs[count - 1]["kind"]
                ]
        return None

    def _candidates(self, need: Row, schedule: Row, inside: tuple[int, int]) -> list[int]:
        if need["kind"] == "practitioner":
            return sorted(
                2 * one
                for one in {row["practitioner_id"] for row in self.rows["schedule"]}
                if one != schedule["practitioner_id"]
                and need["practitioner_id"] in {None, one}
                and all(self._is_there(one, minute) for minute in range(*inside, MINUTE))
            )
        return [
            2 * one["id"] + 1
            for one in self.rows["resource"]
            if one["is_active"]
            and one["kind"] == need["kind"]
            and need["category"] in {"", one["category"]}
            and one["site_id"] in {None, schedule["site_id"]}
        ]

    def _is_there(self, practitioner_id: int, minute: int) -> bool:
        mine = [one["id"] for one in self.rows["schedule"] if one["practitioner_id"] == practitioner_id]
        return any(self._open[one].get(minute) for one in mine)
