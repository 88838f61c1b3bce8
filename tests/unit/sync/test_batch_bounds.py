"""Bounds of a whole batch: nothing foolish gets past them, and an ordinary night does."""

from decimal import Decimal

import pytest

from canonical_model.expectations import BatchBounds
from hub.landscape.landscape import Guards, Landscape
from hub.sync.batch_bounds import (
    bounds_of,
    judge_changes,
    judge_deactivated,
    judge_emptied,
    judge_part,
    judge_sizes,
)

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


@pytest.mark.parametrize(
    ("marked", "vanished", "known", "held"),
    [
        (50, 0, 1000, False),
        (51, 0, 1000, True),
        (30, 30, 1000, True),
        (0, 900, 1000, False),
        (19, 0, 20, False),
        (30, 0, 0, False),
    ],
    ids=["5 %", "more", "together", "vanished alone is judged by size", "too few to judge", "nothing known"],
)
def test_deactivated(marked, vanished, known, held):
    assert bool(judge_deactivated(BOUNDS, "Product", marked, vanished, known)) is held


@pytest.mark.parametrize(
    ("share", "emptied", "known", "held"),
    [("0.05", 50, 1000, False), ("0.05", 51, 1000, True), ("0.05", 19, 20, False), (None, 1000, 1000, False)],
    ids=["5 %", "more", "too few to judge", "no bound"],
)
def test_emptied(share, emptied, known, held):
    bounds = BatchBounds(emptied_share=None if share is None else Decimal(share))
    assert bool(judge_emptied(bounds, "Price", "Sku", emptied, known)) is held


@pytest.mark.parametrize(
    ("read", "vanished", "before", "bounds"),
    [
        (1000, 0, 1000, []),
        (0, 1000, 1000, ["never_empty", "vanished_share"]),
        (900, 100, 1000, ["vanished_share"]),
        (0, 0, 0, []),
        (0, 5, 5, ["never_empty"]),
    ],
    ids=["whole", "missing", "a tenth less", "never there", "a small one missing"],
)
def test_parts(read, vanished, before, bounds):
    found = judge_part(BOUNDS, "Предложение", "prices", read, vanished, before)
    assert [reason.bound for reason in found] == bounds


@pytest.mark.parametrize(
    "name", ["vanished_share", "fewer_than_median", "changed_share", "emptied_share", "up", "down"]
)
@pytest.mark.parametrize("value", ["0", "0.2"])
def test_what_the_landscape_sets_stands_and_zero_is_set(name, value):
    guards = {"Price": Guards(**{name: Decimal(value)})}
    bounds = bounds_of(Landscape({}, {}, {}, (), guards), "Price")
    assert getattr(bounds, name) == Decimal(value)
    assert bounds.changed_at_least == 50
