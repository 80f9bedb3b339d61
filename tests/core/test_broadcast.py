"""Signals reach the streams that listen, in this process and, on PostgreSQL, in the others."""

import asyncio

import psycopg

from callcenter.core.broadcast import Broadcast, open_broadcast
from tests.loops import run


async def heard_by(listening: Broadcast, publishing: Broadcast, *, topics: list[str], publish: list[str]) -> list[str]:
    subscription = listening.subscribe(topics, asyncio.get_running_loop())
    try:
        for _attempt in range(30):  # another process needs a moment to begin listening
            await asyncio.to_thread(publishing.publish, publish)
            if heard := await subscription.next_topics(timeout=0.2):
                return heard
        return []
    finally:
        listening.unsubscribe(subscription)


def test_a_stream_hears_its_topics_only(database_url: str) -> None:
    broadcast = open_broadcast(database_url)
    heard = run(heard_by(broadcast, broadcast, topics=["queue", "desk-7"], publish=["desk-7", "desk-8"]))
    broadcast.close()
    assert heard == ["desk-7"]


def test_another_process_on_the_same_postgresql_hears_it_too(postgresql_url: str) -> None:
    here, there = open_broadcast(postgresql_url), open_broadcast(postgresql_url)
    heard = run(heard_by(there, here, topics=["queue"], publish=["queue"]))
    here.close()
    there.close()
    assert heard == ["queue"]


def test_signals_between_two_readings_are_told_once() -> None:
    async def story() -> list[str]:
        broadcast = open_broadcast("sqlite:///x")
        subscription = broadcast.subscribe(["queue", "outbox"], asyncio.get_running_loop())
        for _ in range(5):
            broadcast.publish(["queue", "outbox"])
        return await subscription.next_topics(timeout=1)

    assert run(story()) == ["queue", "outbox"]


def test_more_topics_than_one_notice_holds_all_arrive(postgresql_url: str) -> None:
    here, there = open_broadcast(postgresql_url), open_broadcast(postgresql_url)
    topics = [f"desk-{number}" for number in range(1000)]

    async def story() -> list[str]:
        subscription = await asyncio.to_thread(there.subscribe, topics, asyncio.get_running_loop())
        await asyncio.to_thread(here.publish, topics)
        heard: list[str] = []
        while len(heard) < len(topics) and (more := await subscription.next_topics(timeout=3)):
            heard += more
        return heard

    assert run(story()) == topics
    here.close()
    there.close()


def test_streams_end_when_the_database_was_not_listened_to_for_a_while(postgresql_url: str) -> None:
    """What was signalled meanwhile is lost: only a browser that comes back reads everything again."""
    broadcast = open_broadcast(postgresql_url)

    async def story() -> list[str]:
        subscription = await asyncio.to_thread(broadcast.subscribe, ["queue"], asyncio.get_running_loop())
        with psycopg.connect(postgresql_url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' "
                "AND datname = current_database()"
            )
        await subscription.next_topics(timeout=5)
        return ["cut" if subscription.is_cut else "open"]

    assert run(story()) == ["cut"]
    broadcast.close()
