"""Lists: pages, headers, filters, order."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest


def fill(shop: Any, count: int) -> list[int]:
    made: list[int] = []
    for start in range(0, count, 100):
        body = {"create": [{"name": f"№ {n}", "sku": f"s-{n}"} for n in range(start, min(start + 100, count))]}
        made += [entry["id"] for entry in shop.api.post("products/batch", body).json()["create"]]
    return made


def walk(shop: Any, **params: Any) -> list[int]:
    seen: list[int] = []
    page = 1
    while True:
        answer = shop.api.get("products", params={"per_page": 10, "page": page, **params})
        seen += [entry["id"] for entry in answer.json()]
        if page >= int(answer.headers["X-WP-TotalPages"]):
            return seen
        page += 1


def test_pages_by_id_neither_skip_nor_repeat(shop: Any) -> None:
    made = fill(shop, 45)
    assert walk(shop, orderby="id", order="asc") == made
    first = shop.api.get("products", params={"per_page": 20, "orderby": "id"})
    assert (first.headers["X-WP-Total"], first.headers["X-WP-TotalPages"]) == ("45", "3")
    assert 'page=2>; rel="next"' in first.headers["Link"]
    assert "oauth_" not in first.headers["Link"]
    last = shop.api.get("products", params={"per_page": 20, "page": 3})
    assert 'page=2>; rel="prev"' in last.headers["Link"]
    assert "next" not in last.headers["Link"]
    assert shop.api.get("products", params={"page": 99}).json() == []


def test_pages_by_date_repeat_rows_of_one_moment_as_in_the_real_shop(shop: Any) -> None:
    fill(shop, 60)
    seen = walk(shop)
    assert len(seen) == 60
    assert len(set(seen)) < 60


@pytest.mark.parametrize(
    ("name", "value"),
    [("per_page", 101), ("per_page", 0), ("page", 0), ("orderby", "colour"), ("order", "up"), ("status", "gone"),
     ("modified_after", "yesterday"), ("include", "a,b")],
)  # fmt: skip
def test_parameters_out_of_range_are_refused(shop: Any, name: str, value: object) -> None:
    answer = shop.api.get("products", params={name: value})
    assert answer.status_code == 400
    assert answer.json()["code"] == "rest_invalid_param"
    assert name in answer.json()["data"]["params"]


def test_a_window_of_changes_is_strict_and_in_local_time_unless_told_otherwise(shop: Any) -> None:
    made = shop.create(sku="w")
    stamp = datetime.fromisoformat(made["date_modified_gmt"])
    just_before = (stamp - timedelta(seconds=1)).isoformat()

    def found(**params: str) -> int:
        return len(shop.api.get("products", params=params).json())

    assert found(modified_after=just_before, dates_are_gmt="true") == 1
    assert found(modified_after=stamp.isoformat(), dates_are_gmt="true") == 0
    assert found(modified_before=made["date_modified"]) == 0
    assert found(modified_after=(stamp + timedelta(hours=1)).isoformat()) == 1
    assert found(modified_after=made["date_modified"]) == 0
    # A moment with a zone is turned into the shop's own time first, so "Z" and dates_are_gmt do not go together.
    assert found(modified_after=f"{just_before}Z", dates_are_gmt="true") == 0


def test_filters(shop: Any) -> None:
    made = fill(shop, 5)

    def found(**params: Any) -> list[str]:
        return [entry["sku"] for entry in shop.api.get("products", params={"orderby": "id", **params}).json()]

    assert found(include=f"{made[1]},{made[3]}") == ["s-3", "s-1"]
    assert found(exclude=",".join(map(str, made[1:]))) == ["s-0"]
    assert found(sku="s-2, s-4,none", order="asc") == ["s-2", "s-4"]
    assert found(search="№ 3") == ["s-3"]
    assert found(type="variable") == []
    assert found(status="draft") == []
    assert found(offset=3, order="asc") == ["s-3", "s-4"]


def test_only_the_asked_fields_come_back(shop: Any) -> None:
    shop.create(sku="f", dimensions={"length": "5"})
    answer = shop.api.get("products", params={"_fields": "id,sku,dimensions.length"}).json()
    assert answer == [{"id": answer[0]["id"], "sku": "f", "dimensions": {"length": "5"}}]


def test_the_modified_date_moves_even_when_nothing_changed(shop: Any) -> None:
    made = shop.create(sku="m")
    later = datetime.now(UTC) + timedelta(minutes=10)
    shop.server.shop.now = lambda: later
    saved = shop.api.put(f"products/{made['id']}", {"sku": "m"}).json()
    assert saved["date_modified_gmt"] > made["date_modified_gmt"]
    assert shop.ledger()[-1]["effect"] == "noop"
