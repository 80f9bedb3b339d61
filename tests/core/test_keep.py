"""What is remembered is bounded: the longest unused goes first."""

from __future__ import annotations

from callcenter.core.keep import Keep


def test_what_was_not_asked_for_longest_makes_room() -> None:
    keep = Keep(room=10)
    keep.put("a", "first", 4)
    keep.put("b", "second", 4)
    assert keep.get("a") == "first"
    keep.put("c", "third", 4)
    assert [keep.get(name) for name in "abc"] == ["first", None, "third"]


def test_what_is_kept_anew_counts_once() -> None:
    keep = Keep(room=10)
    for weight in (8, 9, 10):
        keep.put("a", weight, weight)
    assert keep.get("a") == 10
    assert len(keep) == 1


def test_what_has_no_room_is_not_kept() -> None:
    keep = Keep(room=10)
    keep.put("a", "too large", 11)
    assert (keep.get("a"), len(keep)) == (None, 0)
