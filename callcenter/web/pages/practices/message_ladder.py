"""A practice's own ladder for urgent messages, edited as a whole."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_
from callcenter.directory.identity import Identity
from callcenter.dispatch.ladders import (
    CHANNELS,
    MOST_STEPS,
    TARGETS,
    TypedStep,
    add_step,
    move_step,
    own_ladder,
    remove_step,
    reset_ladder,
    save_ladder,
    typed_ladder,
)
from callcenter.dispatch.models import Target
from callcenter.dispatch.rules.ladder import URGENT
from callcenter.web.context import At, Reads, Supervisor, TheWorld, Writes
from callcenter.web.forms import Typed, attempt
from callcenter.web.message_words import CHANNEL_NAMES, TARGET_WORDS
from callcenter.web.pages.practices.frame import open_frame, saved, show_section

router = APIRouter()
_ADDRESS = "/practices/{practice_id}/messages/ladder"


class LadderForm(BaseModel):
    """A ladder as posted, or a gesture of its editor. The supervisors' row has ``last`` alone."""

    after: list[str] = []
    target: list[str] = []
    channel: list[str] = []
    times: list[str] = []
    every: list[str] = []
    last: str = ""
    add: str = ""
    remove: str = ""
    earlier: str = ""
    later: str = ""
    whole_ladder: str = ""

    def steps(self) -> list[TypedStep]:
        """The rows as typed, the supervisors' last."""
        rows = zip(self.after, self.target, self.channel, self.times, self.every, strict=False)
        return [*(TypedStep(*row) for row in rows), TypedStep(after=self.last, target=Target.SUPERVISOR)]

    def edited(self) -> list[TypedStep] | None:
        """The rows after a gesture; None when there was none and the ladder is to be saved."""
        steps = self.steps()
        if self.add:
            return add_step(steps)
        if self.remove:
            return remove_step(steps, _number(self.remove))
        if self.earlier:
            return move_step(steps, _number(self.earlier), -1)
        if self.later:
            return move_step(steps, _number(self.later), 1)
        return None

    def refuse_partial(self) -> None:
        """Raise ``Invalid`` unless the form was sent to its end: a shorter ladder must be meant."""
        lengths = {len(self.after), len(self.target), len(self.channel), len(self.times), len(self.every)}
        if not self.whole_ladder or len(lengths) != 1:
            raise Invalid(N_("The ladder did not arrive whole: nothing was saved. Save it again."), field="steps")


@router.get(_ADDRESS)
def ladder(request: Request, practice_id: int, session: Reads, me: Supervisor) -> Response:
    """The ladder that urgent messages climb here."""
    return _show(request, session, practice_id, me)


@router.post(_ADDRESS)
def change(
    request: Request,
    practice_id: int,
    typed: Annotated[LadderForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Supervisor,
    at: At,
) -> Response:
    """Save the ladder; or add, remove or move steps of what is typed, without saving."""
    edited = typed.edited()
    if edited is not None:
        return _show(request, session, practice_id, me, edited, unsaved=True)

    def act(session: Session) -> None:
        open_frame(session, practice_id, me)
        typed.refuse_partial()
        save_ladder(session, practice_id, typed.steps(), at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return _show(request, session, practice_id, me, typed.steps(), form=Typed({}, refused))
    return saved(request, f"/practices/{practice_id}/messages/ladder")


@router.post(_ADDRESS + "/default")
def back_to_default(request: Request, practice_id: int, session: Writes, me: Supervisor, at: At) -> Response:
    """The practice climbs the default ladder again."""
    open_frame(session, practice_id, me)
    reset_ladder(session, practice_id, at=at, staff_id=me.staff_id)
    return saved(request, f"/practices/{practice_id}/messages/ladder")


def _show(
    request: Request,
    session: Session,
    practice_id: int,
    me: Identity,
    steps: list[TypedStep] | None = None,
    *,
    form: Typed | None = None,
    unsaved: bool = False,
) -> Response:
    frame = open_frame(session, practice_id, me)
    own = own_ladder(session, practice_id)
    return show_section(
        request,
        frame,
        me,
        "messages",
        template="practices/message_ladder.html",
        form=form or Typed(),
        steps=typed_ladder(own or URGENT) if steps is None else steps,
        is_default=own is None,
        unsaved=unsaved,
        targets=TARGETS,
        channels=CHANNELS,
        target_words=TARGET_WORDS,
        channel_names=CHANNEL_NAMES,
        most_steps=MOST_STEPS,
    )


def _number(typed: str) -> int:
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 3 else -1
