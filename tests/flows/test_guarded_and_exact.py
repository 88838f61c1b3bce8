"""Nothing foolish reaches the shop, and one changed price is one changed price."""

import os
import re
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from night import Goods
from trade_night import Trade

from hub.console import held
from hub.flows.flows import PRICES_STOCK
from hub.flows.stages import Flow
from sandbox.onec.export import export
from sandbox.onec.state import set_price

pytestmark = pytest.mark.timeout(120)

FLOW = Flow("whole_night", PRICES_STOCK.stages)


def lamps(count: int = 100) -> list[Goods]:
    return [Goods(id=f"lamp-{n:03}", name=f"Лампа {n}", article=f"L{n:03}", price="100.00") for n in range(count)]


def test_an_export_of_a_third_is_held_until_a_person_lets_it_through(trade: Callable[..., Trade]) -> None:
    house = trade()
    house.onec.drop(lamps())
    assert house.go(FLOW) == "proven"
    before, feed = house.effects(), house.offers()

    house.onec.drop(lamps(30))
    assert house.go(FLOW) == "held"
    assert house.go(FLOW) == "held"
    assert (house.effects(), house.offers()) == (before, feed)
    [batch] = held.held(house.hub)
    assert any("70 of 100 Товар vanished (70%)" in reason["text"] for reason in batch["reasons"])

    held.release(house.hub, batch["batch"], "Анна")
    assert house.go(FLOW) == "proven"
    hidden = {one["key"] for one in house.effects()[len(before) :]}
    assert hidden == {f"L{n:03}" for n in range(30, 100)}
    assert all(house.state()["products"][key]["status"] == "draft" for key in hidden)
    assert len(house.offers()) == 30


def test_an_empty_export_is_held(trade: Callable[..., Trade]) -> None:
    house = trade()
    house.onec.drop(lamps(30))
    assert house.go(FLOW) == "proven"
    before = house.effects()
    house.onec.drop([])
    assert house.go(FLOW) == "held"
    assert house.effects() == before


FOOLISH = {"0": "0.00", "negative": "-5.00", "times 100": "10000.00", "blank": ""}


def test_foolish_prices_are_parked_and_the_shop_keeps_its_own(trade: Callable[..., Trade]) -> None:
    house = trade()
    house.onec.drop(lamps())
    assert house.go(FLOW) == "proven"
    before, feed = house.effects(), house.offers()

    goods = lamps()
    for at, price in enumerate(FOOLISH.values()):
        goods[at] = goods[at].but(price=price)
    goods[50] = goods[50].but(price="101.00")
    house.onec.drop(goods)

    assert house.go(FLOW) == "proven with gaps"
    parked = {str(row[0]): row[1:] for row in house.rows("select key, kind, field, reason from quarantine")}
    assert set(parked) == {f"lamp-{n:03}" for n in range(len(FOOLISH))}
    for key, (kind, field, reason) in parked.items():
        assert kind == "Предложение"
        assert re.search("amount|ЦенаЗаЕдиницу", str(field)), (key, field, reason)
        assert reason
    [effect] = house.effects()[len(before) :]
    assert effect["key"] == "L050"
    shop = house.state()["products"]
    assert {shop[f"L{n:03}"]["regular_price"] for n in range(len(FOOLISH))} == {"100"}
    assert [key for key, offer in house.offers().items() if offer != feed[key]] == ["lamp-050"]


def settled(folder: Path) -> None:
    """Let the files look as if they had been at rest for a while, each export later than the one before."""
    for path in folder.glob("*.xml"):
        os.utime(path, (time.time() - 60, time.time() - 60))


def test_one_price_changed_in_1c_is_one_price_changed_at_the_shop(trade: Callable[..., Trade], tmp_path: Path) -> None:
    house, state = trade(), tmp_path / "onec"
    export(house.onec.folder, 200, state=state)
    settled(house.onec.folder)
    assert house.go(FLOW) == "proven", house.moved
    before, feed, shop = len(house.effects()), house.offers(), house.state()["products"]
    [key, code, old] = house.rows(
        "select i.key, d.code, p.amount::text from price p join identifier i on i.hub_id = p.sku "
        "join namespace n on n.id = i.namespace and n.kind = 'Sku' "
        "join price_list l on l.hub_id = p.price_list and l.name = 'Розничная' "
        "join sku s on s.hub_id = p.sku join delivery d on d.hub_id = s.product and d.target_id is not null "
        "join namespace t on t.id = d.document and t.kind = 'product' "
        "where i.key not like '%%#%%' order by i.key limit 1"
    )[0]
    new = Decimal(str(old)) + Decimal("1.50")
    assert set_price(state, str(key), str(new)) == key

    export(house.onec.folder, 200, state=state)
    settled(house.onec.folder)
    assert house.go(FLOW) == "proven"

    [effect] = house.effects()[before:]
    assert (effect["key"], effect["effect"], list(effect["changed"])) == (code, "update", ["regular_price"])
    now = house.state()["products"]
    assert Decimal(now[str(code)].pop("regular_price")) == new
    assert Decimal(shop[str(code)].pop("regular_price")) == Decimal(str(old))
    assert now == shop
    [offer] = [(key, offer) for key, offer in house.offers().items() if offer != feed[key]]
    assert offer[0] == code
    assert Decimal(re.findall(rb"<price>(.*?)</price>", offer[1])[0].decode()) == new
