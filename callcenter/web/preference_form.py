"""The form of how a practitioner is told of messages, the same for the practitioner and for whoever sets it up."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from callcenter.core.i18n import format_time
from callcenter.core.phone import format_number
from callcenter.directory.models import Practice, Practitioner
from callcenter.dispatch.models import DispatchPreference
from callcenter.dispatch.preferences import CHANNELS, TypedPreference, alternates_for, find_preference
from callcenter.dispatch.recipients import addresses_of
from callcenter.web.forms import Typed
from callcenter.web.message_words import CHANNEL_NAMES, TIMING_WORDS


class PreferenceForm(BaseModel):
    """A practitioner's wishes as posted."""

    timing: str = ""
    batch_at: str = ""
    quiet_from: str = ""
    quiet_until: str = ""
    channel: str = ""
    mobile: str = ""
    second_number: str = ""
    email: str = ""
    alternate: str = ""

    def typed(self) -> TypedPreference:
        """What ``dispatch`` reads."""
        values = self.model_dump(exclude={"alternate"})
        return TypedPreference(**values, alternate_id=read_id(self.alternate))


class CodeForm(BaseModel):
    """A code for links as posted, twice."""

    code: str = ""
    again: str = ""


def preference_context(
    session: Session,
    practice: Practice,
    practitioner: Practitioner,
    *,
    form: Typed | None = None,
    code_form: Typed | None = None,
) -> dict[str, Any]:
    """What the form and the sentence below it show. A code that was typed is never shown again."""
    kept = find_preference(session, practitioner)
    return {
        "practitioner": practitioner,
        "form": form or Typed(_values(kept, practice)),
        "code_form": Typed({}, code_form.refused if code_form else None),
        "has_code": bool(kept is not None and kept.code_hash),
        "kept": kept,
        "addresses": addresses_of(session, practitioner),
        "alternates": alternates_for(session, practitioner),
        "channels": CHANNELS,
        "channel_names": CHANNEL_NAMES,
        "timing_words": TIMING_WORDS,
    }


def read_id(typed: str) -> int | None:
    """An id as posted by a choice; None: nothing was chosen."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else None


def _values(kept: DispatchPreference | None, practice: Practice) -> Mapping[str, object]:
    if kept is None:
        return {"timing": "now", "channel": "app", "batch_at": "12:00 18:00"}
    return {
        "timing": kept.timing,
        "batch_at": " ".join(kept.batch_at),
        "quiet_from": format_time(kept.quiet_from) if kept.quiet_from else "",
        "quiet_until": format_time(kept.quiet_until) if kept.quiet_until else "",
        "channel": kept.channel,
        "mobile": format_number(kept.mobile, country=practice.country) if kept.mobile else "",
        "second_number": format_number(kept.second_number, country=practice.country) if kept.second_number else "",
        "email": kept.email,
        "alternate": str(kept.alternate_id or ""),
    }
