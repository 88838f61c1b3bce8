"""Bounds of a whole batch: nothing foolish gets past them, and an ordinary night does."""

from decimal import Decimal

import pytest

from canonical_model.expectations import BatchBounds
from hub.sync.batch_bounds import judge_changes, judge_sizes

BOUNDS = BatchBounds(
    never_empty=True,
    vanished_at_least=20,
    vanished_share=Decimal("0.05"),
    fewer_than_median=Decimal("0.7"),
    changed_share=Decimal("0.3"),
    changed_at_least=20,
)


@pytest.mark.parametrize(
    ("counts", "before", "sizes", "bounds"),
    [
        pytest.param({"read": 1000}, 0, [], [], id="first night"),
        pytest.param({"read": 1000, "vanished": 50}, 1000, [1000], [], id="5 % vanished is the limit"),
        pytest.param({"read": 1000, "vanished": 51}, 1000, [1000], ["vanished_share"], id="more than 5 % vanished"),
        pytest.param({"read": 10, "vanished": 10}, 20, [12], [], id="few records say nothing about shares"),
        pytest.param(
            {"read": 300, "vanished": 700}, 1000, [1000] * 7, ["vanished_share", "fewer_than_median"], id="30 %"
        ),
        pytest.param(
            {"read": 0, "vanished": 1000},
            1000,
            [1000],
            ["never_empty", "vanished_share", "fewer_than_median"],
            id="empty",
        ),
        pytest.param({}, 0, [], ["never_empty"], id="empty on the first night"),
    ],
)
def test_sizes(counts, before, sizes, bounds):
    assert [reason.bound for reason in judge_sizes(BOUNDS, "Товар", counts, before, sizes)] == bounds


@pytest.mark.parametrize(
    ("changed", "known", "held"),
    [(300, 1000, False), (301, 1000, True), (19, 20, False), (20, 20, True), (5, 0, False)],
    ids=["30 %", "more", "too few to judge", "all of twenty", "nothing known"],
)
def test_changes(changed, known, held):
    assert bool(judge_changes(BOUNDS, "Price", changed, known)) is held


def test_the_sentence_says_what_was_found_and_allowed():
    (reason,) = judge_changes(BOUNDS, "Price", 500, 1000)
    assert reason.text == "500 of 1000 records change their Price (50%); up to 30% may"
