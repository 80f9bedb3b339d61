"""What the carrier tells and asks: verify, recognise, apply, keep."""

from fastapi import APIRouter

from callcenter.web.webhooks import callback_offer, ear, gate, messages, notice, overflow, recording, reports, voice

router = APIRouter(prefix="/twilio")
router.include_router(voice.router)
router.include_router(gate.router)
router.include_router(callback_offer.router)
router.include_router(overflow.router)
router.include_router(ear.router)
router.include_router(notice.router)
router.include_router(reports.router)
router.include_router(recording.router)
router.include_router(messages.router)

__all__ = ["router"]
