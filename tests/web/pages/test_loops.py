"""Open loops over HTTP: who sees which list, what a gesture changes, and what comes back when somebody was faster."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from callcenter.desk.models import LoopOwner, Task, TaskKind
from callcenter.desk.tasks import open_task
from callcenter.directory.models import Practice, PracticeLine, Practitioner, Role, Site
from callcenter.routing.models import Agent, AgentStatus
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus
from tests.web.serving import MONDAY_0914, SEED, Served, serve

HOUR = timedelta(hours=1)
SWAP = {"HX-Request": "true"}


@dataclass
class Centre:
    """Two practices with a task each, and everybody who looks at them."""

    served: Served
    practices: list[int]
    tasks: list[int]
    staff: dict[str, int]

    def browser(self, login: str) -> httpx.Client:
        return httpx.Client(
            base_url=self.served.url,
            cookies=self.served.cookie(self.staff[login]),
            headers={"Origin": self.served.url},
        )

    def task(self, number: int = 0) -> Task:
        with self.served.database.reading(SEED) as session:
            return session.get_one(Task, self.tasks[number])


@pytest.fixture
def centre(sqlite_url: str) -> Iterator[Centre]:
    with serve(sqlite_url) as served:
        staff = {
            login: served.staff(login, role)
            for login, role in (
                ("camille", Role.OPERATOR),
                ("ines", Role.OPERATOR),
                ("sofia", Role.SUPERVISOR),
                ("admin", Role.ADMINISTRATOR),
                ("lemoine", Role.PRACTITIONER),
            )
        }
        practices, tasks = [], []
        with served.database.unit_of_work(SEED) as session:
            for number, name in enumerate(("Cabinet <des> Tilleuls", "Cabinet du Port")):
                practice = Practice(code=f"p{number}", name=name, short_name="T", created_at=MONDAY_0914)
                session.add(practice)
                session.flush()
                practices.append(practice.id)
                if not number:
                    site = Site(practice_id=practice.id, code="s", name="T")
                    session.add(site)
                    session.flush()
                    session.add(
                        Practitioner(
                            practice_id=practice.id,
                            code="d",
                            site_id=site.id,
                            name="Dr Lemoine",
                            family_name="Lemoine",
                            staff_id=staff["lemoine"],
                        )
                    )
                task = open_task(
                    session,
                    practice.id,
                    kind=TaskKind.TELL,
                    request_key=f"t{number}",
                    words='=HYPERLINK("x") </Say><Dial>',
                    due_at=MONDAY_0914 + (number * 2 - 1) * HOUR,
                    at=MONDAY_0914 - 2 * HOUR,
                    caller="M. <b>Perrin</b> 😀",
                    number="+33639981472",
                )
                tasks.append(task.id)
        yield Centre(served, practices, tasks, staff)


def rows(html: str) -> list[str]:
    return re.findall(r'<li id="(task-\d+)"', html)


def test_each_list_is_for_those_whom_it_concerns(centre: Centre) -> None:
    seen = {}
    for login in centre.staff:
        with centre.browser(login) as browser:
            seen[login] = [browser.get(path).status_code for path in ("/loops", "/desk/loops", "/my-loops")]
    assert seen == {
        "camille": [403, 200, 403],
        "ines": [403, 200, 403],
        "sofia": [200, 200, 403],
        "admin": [200, 403, 403],
        "lemoine": [403, 403, 200],
    }


def test_the_late_one_stands_first_and_what_people_typed_is_only_text(centre: Centre) -> None:
    with centre.browser("sofia") as browser:
        html = browser.get("/loops").text
        assert rows(html) == [f"task-{one}" for one in centre.tasks]
        assert html.count('class="late"') == 1
        assert "M. &lt;b&gt;Perrin&lt;/b&gt; 😀" in html
        assert "<Dial>" not in html
        only = {"practice": str(centre.practices[1]), "owner": "desk"}
        assert rows(browser.get("/loops", params=only).text) == [f"task-{centre.tasks[1]}"]
        assert rows(browser.get("/loops", params={"owner": "staff-1"}).text) == []
        alone = browser.get("/loops/list", params=only, headers=SWAP).text
        assert alone.lstrip().startswith('<section id="loops"')
        assert rows(alone) == [f"task-{centre.tasks[1]}"]
        assert browser.get("/loops/kept", headers=SWAP).text.count("<td") == 3  # one practice had something due


def test_a_doctor_sees_what_is_open_in_her_own_practice(centre: Centre) -> None:
    with centre.browser("lemoine") as browser:
        assert rows(browser.get("/my-loops").text) == [f"task-{centre.tasks[0]}"]
        assert "<html" not in browser.get("/my-loops/list", headers=SWAP).text
        refused = browser.post(f"/loops/task/{centre.tasks[0]}/taking", data={"seen": ""})
        assert refused.status_code == 403
    assert centre.task().taken_by is None


def test_a_plain_form_takes_it_and_whoever_comes_second_reads_whose_it_is(centre: Centre) -> None:
    first = centre.tasks[0]
    with centre.browser("camille") as camille, centre.browser("ines") as ines:
        taking = {"seen": "", "back": "/desk/loops"}
        answer = camille.post(f"/loops/task/{first}/taking", data=taking)
        assert (answer.status_code, answer.headers["location"]) == (303, "/desk/loops")
        assert camille.post(f"/loops/task/{first}/taking", data=taking).status_code == 303
        refused = ines.post(f"/loops/task/{first}/taking", data=taking, headers=SWAP)
        assert (refused.status_code, refused.headers["HX-Retarget"]) == (409, "#notices")
        assert "Camille l’a maintenant." in refused.text
        assert rows(ines.get("/desk/loops").text) == [f"task-{centre.tasks[1]}"]
        assert camille.post(f"/tasks/{first}/return", headers=SWAP).headers["HX-Trigger"] == "desk-changed"
        assert camille.post(f"/tasks/{first}/done", data={"back": "//evil.example"}).headers["location"] == "/"
    assert (centre.task().status, centre.task().closed_by) == ("done", centre.staff["camille"])


def test_it_is_given_to_a_colleague_and_dropped_when_it_serves_no_more(centre: Centre) -> None:
    first = centre.tasks[0]
    with centre.browser("sofia") as sofia:
        giving = {"seen": "", "to": str(centre.staff["ines"]), "back": "/loops"}
        assert sofia.post(f"/loops/task/{first}/giving", data=giving).headers["location"] == "/loops"
        assert sofia.post(f"/loops/task/{first}/giving", data=giving | {"to": "x"}).status_code == 422
        assert sofia.post(f"/loops/letter/{first}/taking").status_code == 422
        assert sofia.post(f"/loops/task/{10**30}/taking").status_code in {404, 422}
        assert sofia.post(f"/tasks/{centre.tasks[1]}/drop", headers=SWAP).status_code == 204
    with centre.browser("ines") as ines:
        assert "Ines" in ines.get("/desk/loops").text
    assert centre.task(1).status == "dropped"


def test_the_news_of_the_night_stands_on_board_and_desk_until_she_has_looked(centre: Centre) -> None:
    with centre.served.database.unit_of_work(SEED) as session:
        for number, login in enumerate(("sofia", "camille")):
            session.add(
                LoopOwner(
                    practice_id=centre.practices[number],
                    kind="task",
                    ref_id=centre.tasks[number],
                    staff_id=centre.staff[login],
                    reason="night",
                    named_at=MONDAY_0914,
                )
            )
    news = "1 engagement vous revient depuis cette nuit."
    with centre.browser("sofia") as sofia, centre.browser("camille") as camille:
        assert news in sofia.get("/board").text
        assert news in camille.get("/desk").text
        assert news in camille.get("/desk/todo", headers=SWAP).text
        assert "depuis la nuit" in sofia.get("/loops").text
        assert "depuis la nuit" in camille.get("/desk/loops").text
        assert news not in sofia.get("/board").text
        assert news not in camille.get("/desk").text
        assert "depuis la nuit" in sofia.get("/loops").text  # it stays marked


def test_who_has_the_night_is_chosen_on_the_page(centre: Centre) -> None:
    with centre.browser("sofia") as sofia:
        assert sofia.post("/night-duty", data={"to": str(centre.staff["ines"])}).headers["location"] == "/loops"
        assert "revient à Ines." in sofia.get("/loops").text
        refused = sofia.post("/night-duty", data={"to": str(centre.staff["lemoine"])})
        assert (refused.status_code, "Choisissez une personne de la liste." in refused.text) == (422, True)
        assert sofia.post("/night-duty", data={"to": ""}).status_code == 303
        assert "revient à Sofia." in sofia.get("/loops").text


@pytest.fixture
def call(centre: Centre) -> int:
    """Camille talks with a caller of the first practice."""
    with centre.served.database.unit_of_work(SEED) as session:
        practice_id = centre.practices[0]
        line = PracticeLine(practice_id=practice_id, number="+33199004217")
        session.add(line)
        session.flush()
        call = Call(
            practice_id=practice_id,
            line_id=line.id,
            sid="CA" + "1" * 32,
            from_number="+33639981472",
            received_at=MONDAY_0914,
            answered_at=MONDAY_0914,
            status=CallStatus.TALKING,
        )
        session.add(call)
        session.flush()
        session.add_all(
            [
                Leg(
                    practice_id=practice_id,
                    call_id=call.id,
                    role=LegRole.OPERATOR,
                    label="operator",
                    address="client:camille",
                    staff_id=centre.staff["camille"],
                    status=LegStatus.JOINED,
                    wanted_at=MONDAY_0914,
                    joined_at=MONDAY_0914,
                ),
                Agent(
                    staff_id=centre.staff["camille"],
                    status=AgentStatus.ON_CALL,
                    status_since=MONDAY_0914,
                    lease_until=MONDAY_0914 + HOUR,
                    call_id=call.id,
                ),
            ]
        )
        return call.id


def test_a_promise_is_kept_once_with_its_day_and_number(centre: Centre, call: int) -> None:
    with centre.browser("camille") as camille, centre.browser("ines") as ines:
        form = camille.get(f"/calls/{call}/promise", headers=SWAP).text
        assert form.lstrip().startswith("<dialog")
        assert 'value="06 39 98 14 72"' in form
        found = re.search(r'name="request_key" value="(\w+)"', form)
        assert found is not None
        typed = {"words": "Rappeler <b>", "by": "bientôt", "number": "06 39 98 14 72", "request_key": found[1]}
        refused = camille.post(f"/calls/{call}/promise", data=typed, headers=SWAP)
        assert refused.status_code == 422
        assert "« bientôt » n’est ni un jour ni une heure." in refused.text.replace("\u202f", " ")
        assert "Rappeler &lt;b&gt;" in refused.text
        for _twice in range(2):
            assert camille.post(f"/calls/{call}/promise", data=typed | {"by": "mardi"}, headers=SWAP).status_code == 204
        assert ines.post(f"/calls/{call}/promise", data=typed | {"by": "mardi"}, headers=SWAP).status_code == 404
        assert "Promis à l’appelant" in camille.get("/desk").text
    with centre.served.database.reading(SEED) as session:
        made = session.scalars(select(Task).where(Task.kind == TaskKind.PROMISE)).one()
    assert (made.words, made.call_id, made.created_by) == ("Rappeler <b>", call, centre.staff["camille"])
