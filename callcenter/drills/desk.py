"""One operator before the desk of a real product, with real browsers of her own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from callcenter.directory.models import Role, Staff
from callcenter.directory.passwords import hash_password
from callcenter.drills.browser import Browser
from callcenter.drills.stage import ALL, Stage, wait_until
from callcenter.routing.models import Agent, AgentStatus

STATE = "document.querySelector('#desk-card')?.dataset.state"
_PASSWORD = "an-operator-of-a-drill"  # noqa: S105  # on a database that is thrown away


@dataclass
class Desk:
    """One operator with her browsers."""

    stage: Stage
    folder: Path
    login: str
    staff_id: int
    browsers: list[Browser] = field(default_factory=list)

    def sit_down(self, *, url: str = "") -> Browser:
        """Sign in, in a browser of her own."""
        place = self.folder / f"{self.login}-{len(self.browsers)}"
        browser = Browser(place)
        self.browsers.append(browser)
        browser.sign_in(url or self.stage.product_url, login=self.login, password=_PASSWORD)
        return browser

    @property
    def agent(self) -> Agent:
        """What the distributor knows of her."""
        with self.stage.database.reading(ALL) as session:
            return session.scalars(select(Agent).where(Agent.staff_id == self.staff_id)).one()

    def is_(self, status: AgentStatus) -> bool:
        """Whether she stands so."""
        with self.stage.database.reading(ALL) as session:
            found = session.scalar(select(Agent.status).where(Agent.staff_id == self.staff_id))
        return found == status

    def come(self, browser: Browser) -> bool:
        """She says that she takes calls; whether it is so in time."""
        if self.is_(AgentStatus.AVAILABLE):
            return True
        browser.wait_for(f"{STATE} === 'offline'")
        browser.press("F9")
        return wait_until(lambda: self.is_(AgentStatus.AVAILABLE), within=20)

    def lease_left(self) -> float:
        """Seconds until she counts as away."""
        return (self.agent.lease_until - self.stage.clock.now()).total_seconds()

    def talk(self, browser: Browser, *, caller: int) -> str:
        """A patient rings, she takes her; the SID of the call."""
        sid = self.stage.ring(self.stage.lines[0], caller=caller)
        browser.wait_for(f"{STATE} === 'ringing'")
        browser.press("F2")
        browser.wait_for(f"{STATE} === 'talking'")
        return sid


@contextmanager
def open_desk(folder: Path) -> Iterator[Desk]:
    """One product with one operator, her browsers woken and closed at the end."""
    folder.mkdir(parents=True)
    stage = Stage(folder, f"sqlite:///{folder / 'drill.db'}")
    desk: Desk | None = None
    try:
        stage.start_product()
        with stage.database.unit_of_work(ALL) as session:
            member = Staff(
                login="ines",
                name="Inès",
                first_name="Inès",
                role=Role.OPERATOR,
                password_hash=hash_password(_PASSWORD),
                endpoint="client:ines",
                language="fr",
                created_at=stage.clock.now(),
            )
            session.add(member)
            session.flush()
            desk = Desk(stage, folder, "ines", member.id)
        yield desk
    finally:
        for browser in desk.browsers if desk else []:
            browser.wake()
            browser.close()
        stage.close()
