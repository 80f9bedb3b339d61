"""A short run of the whole demonstration: two processes, patients who ring, operators who answer by the real pages."""

from pathlib import Path

from callcenter.demo.command import run_headless


def test_every_call_is_accounted_for_and_each_booking_confirmed(tmp_path: Path) -> None:
    report = run_headless(tmp_path / "demo", seconds=15, host="127.0.0.1", seed=7)
    assert report.errors == []
    assert report.calls_placed >= 2
    assert report.calls_answered + report.calls_abandoned == report.calls_placed
    assert report.appointments_booked >= 1
    assert report.sms_delivered == report.appointments_booked
    assert report.outbox_pending == 0
    assert report.screen_pop_ms_median is not None
    # The full run asks for more: what this one lacks is only its length.
    assert set(report.shortcomings()) <= {"fewer than 20 calls were placed", "fewer than 10 appointments"}
