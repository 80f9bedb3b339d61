"""What the desk's place for the telephone is given."""

from typing import Any
from urllib.parse import quote

from sqlalchemy.orm import Session

from callcenter.core.config import Settings
from callcenter.directory.identity import Identity
from callcenter.routing.ears import EarView, ear_view, softphone_identity
from callcenter.routing.models import Ear
from callcenter.web.static_files import static_address


def ear_context(settings: Settings, session: Session, me: Identity) -> dict[str, Any]:
    """How she hears, the page beside it, and where her browser's telephone comes from."""
    view = ear_view(session, me.staff_id, has_softphone=settings.has_softphone)
    return {
        "ear": view,
        "softphone": page_beside(settings, view, me),
        "softphone_sdk": settings.softphone_sdk_url or static_address("vendor/twilio.min.js"),
        "softphone_identity": softphone_identity(me.staff_id, me.session_id),
    }


def page_beside(settings: Settings, view: EarView, me: Identity) -> str:
    """The page on which a demonstration's calls are read and answered in words; empty when there is none."""
    if settings.has_softphone and view.ear is Ear.SOFTPHONE:
        identity = softphone_identity(me.staff_id, me.session_id)
    else:
        identity = me.endpoint.removeprefix("client:") if me.endpoint.startswith("client:") else ""
    if not settings.softphone_url or not identity:
        return ""
    return settings.softphone_url.replace("{identity}", quote(identity, safe=""))
