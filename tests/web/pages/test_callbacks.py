"""The call-backs on an operator's page: whom she rings first, and what it says of an emergency."""

import re
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from callcenter.core.scope import Centre, CentreReason
from callcenter.directory.models import Practice, PracticeLine, Role
from callcenter.routing.models import Callback, CallbackReason
from callcenter.telephony.models import Call
from tests.web.serving import MONDAY_0914, Served, serve

SEED = Centre(CentreReason.SEED)


@pytest.fixture
def served(sqlite_url: str) -> Iterator[Served]:
    """The product, with two lost callers; the later one is an emergency."""
    with serve(sqlite_url) as product:
        with product.database.unit_of_work(SEED) as session:
            practice = Practice(code="t", name="Cabinet des Tilleuls", short_name="T", created_at=MONDAY_0914)
            session.add(practice)
            session.flush()
            line = PracticeLine(practice_id=practice.id, number="+33199004217", label="Accueil")
            session.add(line)
            session.flush()
            for number, minutes, urgent in (("+33639980042", 9, False), ("+33639980043", 2, True)):
                lost_at = MONDAY_0914 - timedelta(minutes=minutes)
                call = Call(
                    practice_id=practice.id, line_id=line.id, sid=number, from_number=number, received_at=lost_at
                )
                session.add(call)
                session.flush()
                session.add(
                    Callback(
                        practice_id=practice.id,
                        number=number,
                        reason=CallbackReason.ABANDONED,
                        urgent=urgent,
                        call_id=call.id,
                        opened_at=lost_at,
                        not_before=lost_at,
                    )
                )
        yield product


def test_an_emergency_is_the_first_row_and_says_so(served: Served) -> None:
    with httpx.Client(base_url=served.url, cookies=served.cookie(served.staff("camille", Role.OPERATOR))) as browser:
        section = browser.get("/desk").text.split('<section id="desk-callbacks"')[1].split("</section>")[0]
    first, second = re.findall(r"<li .*?</li>", section, re.DOTALL)
    assert "06 39 98 00 43" in first
    assert re.search(r'<span class="badge attn"><svg.*?</svg> urgence</span>', first, re.DOTALL)
    assert "06 39 98 00 42" in second
    assert "urgence" not in second
