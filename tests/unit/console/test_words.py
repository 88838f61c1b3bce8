"""What a proof counted and what `hub explain` found, in an operator's words."""

import pytest

from hub.console import evidence, explained

SOURCE = {"kinds": {"Товар": {"read": 1000}, "Предложение": {"read": 1269}}, "records": 2269, "parked": 0}
SHOP = {"documents": 1000, "at_target": 984, "changed": 2, "read_back": 984, "unpublishable": 10}
FEED = {"documents": 1265, "hidden": 4, "at_target": 2, "changed": 0, "read_back": 1265}


@pytest.mark.parametrize(
    ("subject", "counts", "expected"),
    [
        pytest.param("source:erp/c", SOURCE, ["from erp/c", "2 269", "–", "–", "–"], id="nothing moved"),
        pytest.param("source:erp/c", SOURCE | {"moved": 12}, ["from erp/c", "2 269", "12", "–", "–"], id="moved"),
        pytest.param(
            "source:erp/c", {"kinds": {}, "records": 7}, ["from erp/c", "–", "–", "–", "–"], id="nothing came"
        ),
        pytest.param("target:shop/p", SHOP, ["to shop/p", "984", "2", "984", "16"], id="shop"),
        pytest.param(
            "target:shop/p", SHOP | {"owed": 6}, ["to shop/p", "984", "2", "984", "10"], id="owed is not left"
        ),
        pytest.param("target:feed/o", FEED, ["to feed/o", "1 265", "–", "1 265", "4"], id="feed as it was"),
        pytest.param(
            "target:feed/o", FEED | {"changed": 2}, ["to feed/o", "1 265", "new file", "1 265", "4"], id="feed"
        ),
        pytest.param("target:shop/p", SHOP | {"shadow": 1}, ["to shop/p", "984", "2", "–", "16"], id="shadow"),
    ],
)
def test_a_row_of_the_table(subject: str, counts: evidence.Counts, expected: list[str]) -> None:
    assert evidence.cells(evidence.of(subject, counts)) == expected


def test_what_is_wrong_is_said() -> None:
    found = evidence.of("target:shop/product", SHOP | {"refused": 2, "waiting": 1, "paused": 1})
    assert found.wrong == ["2 refused", "1 waiting for another", "paused"]
    assert evidence.sentence("source:erp/catalogue", {"kinds": {}, "held": 1}) == "1 held back"


def test_explain_tells_source_change_and_push() -> None:
    row = {
        "entity": "Sku",
        "source": [{"system": "erp", "id": "a1", "mappings": ["m.yml"], "record": None}],
        "owner": "erp",
        "guard": {"bounds": {"up": "5"}, "parked": [{"id": 4, "reason": "not believed"}]},
        "set": {
            "run": 1,
            "flow": "catalogue_nightly",
            "at": "2026-11-23 20:36:00+00:00",
            "changes": [
                {"at": "2026-11-24 02:00:00+00:00", "entity": "Price", "old": {"amount": "10"}, "new": {"amount": "12"}}
            ],
        },
        "values": {"name": None, "price": [{"amount": "12", "valid_to": None}]},
    }
    document = {
        "document": "product",
        "code": "A-1",
        "mapping": "p.yml",
        "rendered": {"regular_price": "12"},
        "ledger": {"owed": 2, "delivered": 2, "state": "idle", "reason": None},
        "last_push": {"target_id": "71", "run": 2, "at": "2026-11-24 02:01:00+00:00"},
        "read_back": {"run": None, "at": None},
    }
    unsent = document | {"ledger": dict.fromkeys(("owed", "delivered", "state", "reason"))}
    data = {"number": "A-1", "canonical": [row], "targets": {"shop": [document, unsent]}}
    told = list(explained.facts(data, record=False))
    assert ("parked", "record 4: not believed") in told
    assert ("changed", "2026-11-24 02:00 UTC: Price amount 10 → 12") in told
    assert ("price", "amount 12") in told
    assert ("last push", "run 2, 2026-11-24 02:01 UTC, there called 71") in told
    assert [fact for fact in told if isinstance(fact, str) and fact.startswith("[bold]to")] == [
        "[bold]to shop: product A-1[/bold]"
    ]
