"""Nights on which clocks change: fifteen zones, six years, and the server itself in another zone than any of them.

``python -m callcenter.drills.agenda_zones`` looks once, in the zone that ``TZ`` says, and answers one JSON object.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time as machine
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from callcenter.agenda.finding.free_times import find_free
from callcenter.agenda.models import Opening, Schedule, ServiceType
from callcenter.agenda.rules.opening_rules import AgendaRules, OpeningRule, opened_between
from callcenter.agenda.rules.wall_clock import instants_of
from callcenter.agenda.writing.booking import book_appointment
from callcenter.core.db import Database
from callcenter.core.migrate import upgrade
from callcenter.core.scope import Practices
from callcenter.directory.models import Site
from callcenter.drills.agenda_cast import SEED, add_patient, add_practice, add_practitioner, add_staff
from callcenter.drills.verdict import Verdict

# Whole, half and quarter hours; changes by half an hour, at midnight, southern, none; both sides of the date line.
ZONES = (
    "Europe/Paris Europe/London America/St_Johns America/Havana America/Santiago America/New_York Africa/Casablanca "
    "Australia/Lord_Howe Asia/Kathmandu Asia/Beirut Indian/Reunion Pacific/Kiritimati Pacific/Marquesas Pacific/Noumea "
    "America/Martinique"
).split()
SERVERS = ("UTC", "America/St_Johns", "Asia/Kathmandu", "Pacific/Kiritimati")
YEARS = range(2025, 2031)
_MINUTE, _DAY = 60, timedelta(days=1)
# Night duty, a stretch inside the hours that change, and an ordinary morning.
_HOURS = ((time(22), time(6)), (time(0, 30), time(2, 30)), (time(8), time(12)))
_TOLD = 5


def change_days(zone: str, years: Sequence[int]) -> list[date]:
    """The days on which the wall's distance from UTC is not the same at both ends."""
    place = ZoneInfo(zone)
    found = []
    day, last = date(years[0], 1, 1), date(years[-1], 12, 31)
    while day <= last:
        offsets = {
            datetime(day.year, day.month, day.day, hour, tzinfo=UTC).astimezone(place).utcoffset() for hour in range(24)
        }
        if len(offsets) > 1:
            # The day in UTC is another on the wall, or its neighbour.
            found.append(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).astimezone(place).date())
        day += _DAY
    return found


def look(folder: Path, years: Sequence[int], zones: Sequence[str]) -> Counter[str]:
    """Every change in every zone, by the rules alone, by the wall's hours, and through a database."""
    counts: Counter[str] = Counter()
    url = f"sqlite:///{folder / 'zones.db'}"
    upgrade(url)
    database = Database(url)
    try:
        for zone in zones:
            # Where nothing changes, an ordinary night is looked at.
            days = change_days(zone, years) or [date(year, 3, 29) for year in years]
            practice = _Practice(database, zone)
            for day in days:
                counts["nights"] += 1
                _by_rules(zone, day, counts)
                _by_hours(zone, day, counts)
                practice.through_the_night(day, counts)
    finally:
        database.close()
    return counts


def _shown(zone: str, day: date, days: int = 1) -> dict[int, datetime]:
    """What the wall shows at each minute around a day, and two more on both sides."""
    place = ZoneInfo(zone)
    begin = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) - 2 * 86_400
    minutes = range(begin, begin + (days + 4) * 86_400, _MINUTE)
    return {minute: datetime.fromtimestamp(minute, place).replace(tzinfo=None, fold=0) for minute in minutes}


def _on_duty(shown: datetime, first: date, last: date) -> bool:
    """Whether one of the openings of these days lies there; asked of what the wall shows and nothing else."""
    for starts, ends in _HOURS:
        for day in (shown.date(), shown.date() - _DAY):
            begin, end = datetime.combine(day, starts), datetime.combine(day, ends)
            if first <= day <= last and begin <= shown < (end if end > begin else end + _DAY):
                return True
    return False


def _by_rules(zone: str, day: date, counts: Counter[str]) -> None:
    rules = AgendaRules(
        zone,
        [
            OpeningRule(id=index, weekday=weekday, starts=starts, ends=ends)
            for weekday in range(7)
            for index, (starts, ends) in enumerate(_HOURS)
        ],
    )
    opened = opened_between(rules, day - _DAY, day + _DAY)
    open_ = {minute for one in opened for minute in range(one.begin, one.end, _MINUTE)}
    for minute, shown in _shown(zone, day).items():
        counts["minutes"] += 1
        # Openings belong to the day on which they begin; that of the day before is there for its night.
        counts["wrong"] += _on_duty(shown, day - 2 * _DAY, day + _DAY) != (minute in open_)


def _by_hours(zone: str, day: date, counts: Counter[str]) -> None:
    """Each minute that a clock can show is told once, twice, or not at all."""
    shows: dict[datetime, list[int]] = {}
    for minute, shown in _shown(zone, day).items():
        shows.setdefault(shown, []).append(minute)
    for quarter in range(-24 * 4, 48 * 4):
        wall = datetime.combine(day, time()) + timedelta(minutes=15 * quarter)
        expected = tuple(shows.get(wall, []))
        counts["hours"] += 1
        counts["missing" if not expected else "twice" if len(expected) > 1 else "once"] += 1
        counts["wrong"] += instants_of(wall, zone) != expected


class _Practice:
    """A doctor on duty every night where her site lies."""

    def __init__(self, database: Database, zone: str) -> None:
        self.database, self.zone = database, zone
        with database.unit_of_work(SEED) as session:
            practice = add_practice(session, zone.replace("/", "-").lower())
            own = {"practice_id": practice.id}
            site = Site(code="site", name=zone, zone=zone, **own)
            service_type = ServiceType(
                code="cs", name="cs", short_name="cs", duration_minutes=15, step_minutes=15, **own
            )
            session.add_all([site, service_type])
            session.flush()
            doctor, schedule = add_practitioner(session, practice.id, site, "Lemoine")
            session.get_one(Schedule, schedule.id).keeps_holidays = False
            for weekday in range(7):
                for starts, ends in _HOURS:
                    session.add(Opening(schedule_id=schedule.id, weekday=weekday, starts=starts, ends=ends, **own))
            self.practice_id, self.doctor_id, self.type_id = practice.id, doctor.id, service_type.id
            self.patient_id = add_patient(session, practice.id, "Vasseur").id
            self.staff_id = add_staff(session, f"staff-{practice.id}").id

    def through_the_night(self, day: date, counts: Counter[str]) -> None:
        """What is offered around a change is what the wall says, is booked where it stands, and then taken."""
        offered = self._offered(day)
        expected = {
            minute
            for minute, shown in _shown(self.zone, day).items()
            if day - _DAY <= shown.date() <= day + _DAY
            and all(
                _on_duty(datetime.fromtimestamp(each, ZoneInfo(self.zone)).replace(tzinfo=None), date.min, date.max)
                for each in range(minute, minute + 15 * _MINUTE, _MINUTE)
            )
            and minute % 900 == 0
        }
        counts["offered"] += len(offered)
        counts["wrong"] += len(offered ^ expected)
        # The last before the change and the first after it, where both are on duty.
        place = ZoneInfo(self.zone)
        offset = {one: datetime.fromtimestamp(one, place).utcoffset() for one in offered}
        changes = [one for one in offered if offset.get(one - 900, offset[one]) != offset[one]]
        for start in {each for one in changes for each in (one - 900, one)} or set(sorted(offered)[:1]):
            with self.database.unit_of_work(Practices.of(self.practice_id)) as session:
                booked = book_appointment(
                    session,
                    practice_id=self.practice_id,
                    practitioner_id=self.doctor_id,
                    patient_id=self.patient_id,
                    service_type_id=self.type_id,
                    start=start,
                    call_id=None,
                    staff_id=self.staff_id,
                    request_key=f"night-{start}",
                    at=datetime(2024, 12, 1, tzinfo=UTC),
                )
                counts["booked"] += 1
                counts["wrong"] += (booked.start, booked.end) != (start, start + 900)
            offered.remove(start)
        counts["wrong"] += len(self._offered(day) ^ offered)

    def _offered(self, day: date) -> set[int]:
        with self.database.reading(Practices.of(self.practice_id)) as session:
            free = find_free(
                session,
                self.doctor_id,
                session.get_one(ServiceType, self.type_id),
                first_day=day - _DAY,
                last_day=day + _DAY,
                at=datetime(2024, 12, 1, tzinfo=UTC),
            )
            return {one.start for one in free}


def zones(*, years: Sequence[int] = YEARS, places: Sequence[str] = tuple(ZONES)) -> Verdict:
    """The same look under servers of four zones, each a process of its own."""
    verdict = Verdict("zones")
    told: dict[str, Counter[str]] = {}
    for server in SERVERS:
        asked = ["--years", f"{years[0]}-{years[-1]}", "--zones", ",".join(places)]
        ended = subprocess.run(
            [sys.executable, "-m", "callcenter.drills.agenda_zones", *asked],
            env=os.environ | {"TZ": server},
            capture_output=True,
            text=True,
            check=False,
        )
        verdict.expect(ended.returncode == 0, f"a server in {server} looks to the end: {ended.stderr[-300:]}")
        if ended.returncode == 0:
            found = json.loads(ended.stdout)
            verdict.expect(found.pop("server") == _names_of(server), f"the process lives in {server}")
            told[server] = Counter(found)
    for server, counts in told.items():
        verdict.operations += counts["minutes"] + counts["hours"] + counts["booked"]
        verdict.expect(counts["wrong"] == 0, f"{counts['wrong']} wrong under a server in {server}")
    verdict.expect(len({tuple(sorted(one.items())) for one in told.values()}) <= 1, "every server finds the same")
    verdict.figures |= {
        "zones": len(places),
        "years": len(years),
        "servers": len(told),
        **next(iter(told.values()), Counter()),
    }
    return verdict


def _names_of(server: str) -> list[str]:
    """What the machine calls its zone there: proof that ``TZ`` was heard."""
    answer = subprocess.run(
        [sys.executable, "-c", "import json, time; print(json.dumps(list(time.tzname)))"],
        env=os.environ | {"TZ": server},
        capture_output=True,
        text=True,
        check=True,
    )
    names: list[str] = json.loads(answer.stdout)
    return names


def main() -> int:
    """One look, in this process and its zone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", default=f"{YEARS[0]}-{YEARS[-1]}")
    parser.add_argument("--zones", default=",".join(ZONES))
    asked = parser.parse_args()
    first, last = (int(year) for year in asked.years.split("-"))
    with tempfile.TemporaryDirectory(prefix="callcenter-drill-") as folder:
        counts = look(Path(folder), range(first, last + 1), asked.zones.split(","))
    sys.stdout.write(json.dumps({"server": list(machine.tzname), "wrong": 0} | counts) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
