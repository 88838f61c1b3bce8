"""The rules by which counts become a verdict."""

import pytest

from hub.sync import verdict

FINE = {
    "held": 0,
    "dead": 0,
    "unaccounted": 0,
    "refused_batches": 0,
    "unmerged": 0,
    "mismatched": 0,
    "parked": 0,
    "records": 100,
}


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        pytest.param({}, "proven", id="all accounted for"),
        pytest.param({"parked": 5}, "proven with gaps", id="a few parked"),
        pytest.param({"parked": 6}, "not proven", id="too many parked"),
        pytest.param({"dead": 1}, "not proven", id="a dead source"),
        pytest.param({"unaccounted": 1}, "not proven", id="a record that stands nowhere"),
        pytest.param({"held": 1, "dead": 1}, "held", id="a person decides first"),
    ],
)
def test_a_source(counts, expected):
    assert verdict.of_source(FINE | counts) == expected


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        pytest.param({"unpublishable": 90}, "proven", id="unpublishable is accounted for"),
        pytest.param({"refused": 5}, "proven with gaps", id="a few refused"),
        pytest.param({"refused": 6}, "not proven", id="too many refused"),
        pytest.param({"unknown": 1}, "not proven", id="unknown"),
        pytest.param({"owed": 1}, "not proven", id="owed"),
        pytest.param({"owed": 1, "paused": 1}, "proven with gaps", id="owed to a paused target"),
        pytest.param({"different": 1, "paused": 1}, "not proven", id="different"),
    ],
)
def test_a_target(counts, expected):
    assert verdict.of_target({"documents": 100} | counts) == expected


def test_a_run_is_as_good_as_its_worst_part():
    assert verdict.worst([]) == "proven"
    assert verdict.worst(["proven", "proven with gaps"]) == "proven with gaps"
    assert verdict.worst(["held", "not proven"]) == "held"


def test_coverage_is_a_sentence():
    assert verdict.coverage(12340, 12340, 140000, 10000, 9.2) == (
        "12 340 changed, all read back; 1/14 of the rest; oldest unread 9 days"
    )
    assert verdict.coverage(2, 1, 10, 10, 0.1) == "2 changed, 1 read back; all of the other 10 too"
