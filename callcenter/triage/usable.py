"""Which scripts a practice may be shown: in service only what a doctor signed, unchanged and not expired."""

from collections.abc import Iterable
from datetime import date

from callcenter.triage.reading import VITAL_GATE, shipped_scripts
from callcenter.triage.script import Script


def usable_scripts(mode: str, *, today: date, scripts: Iterable[Script] | None = None) -> list[Script]:
    """The scripts for a practice in this ``mode`` (``live`` or ``training``) on the practice's day.

    Training sees drafts too; anything but ``training`` counts as live, so that an unknown mode shows too little.
    """
    every = shipped_scripts() if scripts is None else scripts
    return [script for script in every if mode == "training" or is_signed(script, today=today)]


def usable_gate(mode: str, *, today: date, scripts: Iterable[Script] | None = None) -> Script | None:
    """The vital gate for a practice in this mode; None when no doctor has signed one."""
    return next(
        (script for script in usable_scripts(mode, today=today, scripts=scripts) if script.id == VITAL_GATE), None
    )


def is_signed(script: Script, *, today: date) -> bool:
    """Whether a doctor signed exactly this content and the signature holds on that day."""
    mark = script.sign_off
    if script.status != "signed" or mark is None or mark.sha256 != script.sha256:
        return False
    return date.fromisoformat(mark.signed_on) <= today <= date.fromisoformat(mark.expires_on)
