"""What the carrier tells and asks: verify, recognise, apply, keep."""

from fastapi import APIRouter

from callcenter.web.webhooks import legs, messages, voice

router = APIRouter(prefix="/twilio")
router.include_router(voice.router)
router.include_router(legs.router)
router.include_router(messages.router)

__all__ = ["router"]
