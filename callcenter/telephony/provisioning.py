"""What the numbers owned at the carrier should do when they are dialled, compared with what they do.

Only the three addresses and their methods are ever set; a number's name and everything else stay as they are.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from urllib.parse import urlsplit

from callcenter.core.errors import ProviderError
from callcenter.telephony.provider import CarrierNumber, NumberSettings


@dataclass(frozen=True, slots=True)
class NumberChange:
    """A number that does something else than it should."""

    sid: str
    number: str  # E.164
    before: NumberSettings
    after: NumberSettings

    @property
    def differences(self) -> list[tuple[str, str, str]]:
        """Each setting that changes: its name, what it is, what it becomes."""
        both = [
            (f.name, str(getattr(self.before, f.name)), str(getattr(self.after, f.name))) for f in fields(self.before)
        ]
        return [(name, before, after) for name, before, after in both if before != after]

    @property
    def taken_from(self) -> str:
        """The host that answers this number's calls until now, when it is another one; empty otherwise."""
        before = urlsplit(self.before.voice_url).netloc
        return before if before != urlsplit(self.after.voice_url).netloc else ""


@dataclass(frozen=True, slots=True)
class Difference:
    """Our lines beside the carrier's numbers, each in the order of the numbers."""

    changes: tuple[NumberChange, ...]
    unchanged: tuple[str, ...]
    missing: tuple[str, ...]  # lines whose number the carrier does not have
    unassigned: tuple[CarrierNumber, ...]  # the carrier's numbers that no practice has: left alone
    overruled: tuple[CarrierNumber, ...]  # an application or a trunk at the carrier answers, whatever the addresses say


def compare_numbers(
    fallbacks: Mapping[str, str], owned: Iterable[CarrierNumber], *, voice_url: str, status_url: str
) -> Difference:
    """What is to change. ``fallbacks``: each line's number (E.164) and the address of its static document, or ''."""
    by_number = {one.number: one for one in owned}
    ours = [by_number[number] for number in sorted(fallbacks) if number in by_number]
    compared = [
        NumberChange(
            one.sid,
            one.number,
            before=one.settings,
            after=_wanted(one.settings, voice_url, status_url, fallbacks[one.number]),
        )
        for one in ours
    ]
    return Difference(
        changes=tuple(change for change in compared if change.differences),
        unchanged=tuple(change.number for change in compared if not change.differences),
        missing=tuple(sorted(set(fallbacks) - set(by_number))),
        unassigned=tuple(by_number[number] for number in sorted(set(by_number) - set(fallbacks))),
        overruled=tuple(one for one in ours if one.answered_by),
    )


def apply_changes(changes: Sequence[NumberChange], set_number: Callable[[str, NumberSettings], None]) -> dict[str, str]:
    """Set each number; those that the carrier refused, with its reason. One refusal does not stop the others."""
    refused = {}
    for change in changes:
        try:
            set_number(change.sid, change.after)
        except ProviderError as error:
            refused[change.number] = error.reason
    return refused


def _wanted(present: NumberSettings, voice_url: str, status_url: str, fallback: str) -> NumberSettings:
    wanted = replace(
        present,
        voice_url=voice_url,
        voice_method="POST",
        status_callback=status_url,
        status_callback_method="POST",
    )
    # Without an address of ours the one it has is kept: it may be better than none.
    return replace(wanted, voice_fallback_url=fallback, voice_fallback_method="GET") if fallback else wanted
