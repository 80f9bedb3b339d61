"""Days closed by law, and school holidays, by where a site lies.

The days come from the ``holidays`` library (a vacation calendar of the Ministry of Education for the school zones). It
is imported where it is used: it costs half a second, and most processes never ask.
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

# Its own days on top of the nation's: Good Friday and St Stephen's in Alsace and Moselle, the abolition of slavery
# overseas. Postal codes name the département by their first two digits, overseas by three.
_ALSACE_MOSELLE = {"57": "57", "67": "6AE", "68": "6AE"}
_OVERSEAS = {
    "971": "971",
    "972": "972",
    "973": "973",
    "974": "974",
    "976": "976",
    "975": "PM",
    "987": "PF",
    "988": "NC",
}
_OVERSEAS_TOWNS = {"97133": "BL", "97150": "MF"}  # inside Guadeloupe's numbers
# Départements of the school zones A and C, by académie; those of zone B are the others. Corsica has its own calendar.
_ZONE_A = frozenset(
    "25 39 70 90 24 33 40 47 64 03 15 43 63 21 58 71 89 07 26 38 73 74 19 23 87 01 42 69 16 17 79 86".split()
)
_ZONE_C = frozenset("77 93 94 11 30 34 48 66 75 09 12 31 32 46 65 81 82 78 91 92 95".split())
# Legal days of Belgium are ten; the library lists the two Sundays as well.
_NOT_LEGAL = {"BE": ("Easter Sunday", "Pentecost")}


@lru_cache(maxsize=512)
def public_holidays(country: str, postal_code: str, year: int) -> Mapping[date, str]:
    """The public holidays of a year where a site lies, with their names in French; empty for an unknown country.

    ``country`` is an ISO code of two letters, overseas territories may come as ``FR`` with their postal code.
    """
    import holidays  # half a second

    region = _region(country, postal_code)
    try:
        found = holidays.country_holidays(country, subdiv=region, years=year, language="en_US")
        spoken = holidays.country_holidays(country, subdiv=region, years=year, language="fr")
    except NotImplementedError:  # how the library says that it does not know a country
        return {}
    left_out = _NOT_LEGAL.get(country, ())
    return {day: spoken[day] for day, name in sorted(found.items()) if name not in left_out}


@lru_cache(maxsize=256)
def school_holidays(country: str, postal_code: str, year: int) -> frozenset[date]:
    """The days of a year without school where a site lies; known for metropolitan France, empty elsewhere."""
    import holidays  # half a second

    zone = school_zone(country, postal_code)
    if zone is None:
        return frozenset()
    return frozenset(holidays.country_holidays("FR", subdiv=f"Zone {zone}", years=year, categories=("school",)))


def school_zone(country: str, postal_code: str) -> str | None:
    """A, B or C; None outside metropolitan France and in Corsica."""
    department = postal_code[:2]
    if country != "FR" or not department.isdecimal() or department in {"20", "97", "98"}:
        return None
    return "A" if department in _ZONE_A else "C" if department in _ZONE_C else "B"


def _region(country: str, postal_code: str) -> str | None:
    if country != "FR":
        return None
    overseas = _OVERSEAS_TOWNS.get(postal_code[:5]) or _OVERSEAS.get(postal_code[:3])
    return overseas or _ALSACE_MOSELLE.get(postal_code[:2])
