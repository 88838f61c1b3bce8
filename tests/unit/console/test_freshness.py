from datetime import UTC, datetime, time, timedelta

import pytest

from hub.console.freshness import freshness
from hub.landscape.landscape import Stream, System

ERP = System(name="erp", connector="commerceml", connection="erp_1c", zone="Europe/Moscow")
NOON = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # 12:00 in Moscow
DAILY = Stream(fresh_within=timedelta(hours=26), blackout=((time(3), time(4)), (time(23), time(1))))


@pytest.mark.parametrize(
    ("landed", "now", "state"),
    [
        pytest.param(NOON - timedelta(hours=26), NOON, "fresh", id="just in time"),
        pytest.param(NOON - timedelta(hours=27), NOON, "dead", id="too late"),
        pytest.param(None, NOON, "dead", id="asked, and nothing ever came"),
        pytest.param(
            NOON - timedelta(days=3), NOON.replace(hour=0, minute=30), "silent by agreement", id="in the blackout"
        ),
        pytest.param(
            NOON - timedelta(days=3), NOON.replace(hour=21, minute=30), "silent by agreement", id="past midnight there"
        ),
    ],
)
def test_a_source_is_dead_when_nothing_landed_before_its_deadline(
    landed: datetime | None, now: datetime, state: str
) -> None:
    assert freshness(ERP, DAILY, now, landed, now)["freshness"] == state


def test_nobody_has_asked_yet() -> None:
    assert freshness(ERP, DAILY, None, None, NOON)["freshness"] == "not asked yet"


def test_without_a_deadline_nothing_is_late() -> None:
    assert freshness(ERP, Stream(), NOON, None, NOON)["freshness"] == "no deadline"
