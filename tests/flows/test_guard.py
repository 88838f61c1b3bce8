"""What is there but takes the shop apart: deletion marks, blank prices, a missing segment, a price that comes back."""

from decimal import Decimal

import msgspec
import pytest
from night import HEAD, Goods, Night

from hub.landscape.landscape import Guards
from hub.sync.bounds import RowBounds


@pytest.fixture
def shelf():
    """A small assortment."""
    return [Goods(id=f"id-{n:03}", name=f"Лампа {n}", article=f"A-{n}", price=f"{100 + n}.50") for n in range(60)]


def reasons(night: Night) -> list[tuple[str, str]]:
    found = night.one("select reasons from held_batch order by batch_id desc limit 1")
    return [(reason["bound"], reason["text"]) for reason in found]


def release(night: Night) -> None:
    with night.hub.connect() as connection:
        connection.execute("update held_batch set state = 'released', settled_by = 'olga', settled_at = now()")


def mark(night: Night, name: str, record: str, count: int) -> None:
    """Mark the first records of a dropped file as deleted."""
    path = night.onec.folder / name
    text = path.read_text(encoding="utf8")
    for number in range(count):
        text = text.replace(f"<{record}><Ид>id-{number:03}", f'<{record} Статус="Удален"><Ид>id-{number:03}')
    night.onec.write(name, text)


@pytest.mark.parametrize("changes", [False, True], ids=["full export", "changes only"])
@pytest.mark.parametrize(
    ("name", "record", "entity"),
    [("import0_1.xml", "Товар", "Product"), ("offers0_1.xml", "Предложение", "Sku")],
    ids=["products", "offers"],
)
def test_an_export_that_marks_nearly_all_as_deleted_is_held(night, shelf, changes, name, record, entity):
    night.onec.drop(shelf)
    night.run()
    before = night.canonical()
    night.onec.drop(shelf, changes=changes)
    mark(night, name, record, 54)
    assert night.run()["guard"]["held"] == 1
    assert night.canonical() == before
    assert reasons(night) == [
        ("vanished_share", f"54 of 60 {entity} are marked as deleted (90%); up to 5% may"),
    ]
    release(night)
    night.run()
    assert night.one(f"select count(*) from {entity.lower()} where gone") == 54


def test_marks_and_vanished_records_count_together(night, shelf):
    night.onec.drop(shelf)
    night.run()
    night.onec.drop(shelf[:48])
    mark(night, "import0_1.xml", "Товар", 12)
    assert night.run()["guard"]["held"] == 1
    assert reasons(night) == [
        ("vanished_share", "12 of 60 Product are marked as deleted and 12 vanished (40%); up to 5% may"),
    ]


def test_what_is_gone_already_counts_no_more(night, shelf):
    night.onec.drop(shelf)
    night.run()
    for _ in range(2):
        night.onec.drop(shelf)
        mark(night, "import0_1.xml", "Товар", 30)
        night.run()
        release(night)
        night.run()
    night.onec.drop([goods.but(name=f"{goods.name} новая") for goods in shelf])
    mark(night, "import0_1.xml", "Товар", 30)
    assert night.run()["guard"] == {"guarded": 1, "parked": 0, "superseded": 0}
    night.onec.drop(shelf[30:])
    night.run()
    assert {bound for bound, _ in reasons(night)} == {"vanished_share", "fewer_than_median"}


def blank(night: Night, name: str = "offers0_1.xml") -> None:
    """Every offer of a dropped file with an empty list of prices."""
    path = night.onec.folder / name
    before, *rest = path.read_text(encoding="utf8").split("<Цены>")
    night.onec.write(name, before + "".join("<Цены/>" + part.split("</Цены>")[1] for part in rest))


@pytest.mark.parametrize("changes", [False, True], ids=["full export", "changes only"])
def test_an_export_without_a_single_price_is_held(night, shelf, changes):
    night.onec.drop(shelf)
    night.run()
    night.onec.drop(shelf, changes=changes)
    blank(night)
    assert night.run()["guard"]["held"] == 1
    assert night.one("select count(*) from price") == 60
    assert reasons(night) == [("emptied_share", "60 of 60 Sku lose a Price (100%); up to 5% may")]
    release(night)
    night.run()
    assert night.one("select count(*) from price") == 0


def test_a_price_list_that_leaves_all_offers_is_held(night, shelf):
    second = "<Цена><ИдТипаЦены>z</ИдТипаЦены><ЦенаЗаЕдиницу>1.00</ЦенаЗаЕдиницу><Валюта>RUB</Валюта></Цена>"
    night.onec.drop([goods.but(offer_extra=second) for goods in shelf])
    night.run()
    night.onec.drop(shelf)
    assert night.run()["guard"]["held"] == 1
    assert [bound for bound, _ in reasons(night)] == ["emptied_share"]


def test_a_few_blank_prices_and_any_empty_stock_pass(night, shelf):
    night.onec.drop(shelf)
    night.run()
    night.onec.drop(shelf[:19], changes=True)
    blank(night)
    assert night.run()["merge"]["deleted"] == 19
    night.onec.drop(shelf)
    offers = (night.onec.folder / "offers0_1.xml").read_text(encoding="utf8")
    stock = '<Количество>5</Количество><Склад ИдСклада="w" КоличествоНаСкладе="5"/>'
    night.onec.write("offers0_1.xml", offers.replace(stock, "<Остатки/>"))
    assert "held" not in night.run()["guard"]
    assert night.one("select count(*) from stock_level") == 0


def segments(night: Night, shelf: list[Goods], *, prices: int = 60) -> None:
    """A full export of 3.1: goods and offers, prices and rests each in a file of its own."""
    head = HEAD.replace("commerceml_2", "commerceml_3").replace("2.09", "3.1")
    amount = "<ЦенаЗаЕдиницу>{0.price}</ЦенаЗаЕдиницу><Валюта>RUB</Валюта>"
    price = f"<Цены><Цена><ИдТипаЦены>r</ИдТипаЦены>{amount}</Цена></Цены>"
    rest = "<Остатки><Остаток><Склад><Ид>w</Ид><Количество>{0.stock}</Количество></Склад></Остаток></Остатки>"

    def write(name: str, body: str, goods: list[Goods]) -> None:
        rows = "".join(f"<Предложение><Ид>{one.id}</Ид>{body.format(one)}</Предложение>" for one in goods)
        night.onec.write(
            name,
            f'{head}<ПакетПредложений СодержитТолькоИзменения="false"><Ид>k#</Ид><Наименование>П</Наименование>'
            f"<Предложения>{rows}</Предложения></ПакетПредложений></КоммерческаяИнформация>",
        )

    catalogue = night.onec.catalogue(shelf).replace("commerceml_2", "commerceml_3").replace("2.09", "3.1")
    night.onec.write("import0_1.xml", catalogue)
    write("offers0_1.xml", "<Наименование>{0.name}</Наименование>", shelf)
    if prices:
        write("prices0_1.xml", price, shelf[:prices])
    write("rests0_1.xml", rest, shelf)


@pytest.mark.parametrize(
    ("prices", "bounds"),
    [(60, []), (45, []), (30, ["vanished_share"]), (0, ["never_empty", "vanished_share"])],
    ids=["whole", "a few less", "half", "without its segment"],
)
def test_a_full_export_by_segments_needs_its_prices(night, shelf, prices, bounds):
    segments(night, shelf)
    night.run()
    segments(night, shelf, prices=prices)
    counts = night.run()["guard"]
    assert night.one("select count(*) from price") == (60 if bounds else prices)
    assert bool(counts.get("held")) is bool(bounds)
    if bounds:
        assert [bound for bound, text in reasons(night) if "Предложение (prices)" in text] == bounds
        release(night)
        night.run()
        assert night.one("select count(*) from price") == prices


def test_a_price_that_was_blank_for_a_night_is_judged_by_the_one_before(night, shelf):
    night.onec.drop(shelf)
    night.run()
    night.onec.drop([goods.but(price="110.00") for goods in shelf[:2]], changes=True)
    night.run()
    night.onec.drop(shelf[:3], changes=True)
    blank(night)
    night.run()
    assert night.one("select count(*) from price") == 57
    night.onec.drop([shelf[0].but(price="11000"), shelf[1].but(price="120.00"), shelf[2]], changes=True)
    assert night.run()["guard"]["parked"] == 1
    assert {"id-001": "120.00", "id-002": "102.50"}.items() <= night.prices().items()
    assert "id-000" not in night.prices()
    stage, key, reason = night.one("select stage, key, reason from quarantine where state = 'open'")
    assert (stage, key) == ("jump", "id-000")
    assert "110.00 to 11000" in reason


def test_what_great_expectations_finds_is_parked_under_its_own_stage(night, shelf, monkeypatch):
    monkeypatch.setattr(RowBounds, "broken", lambda *_: {})
    night.onec.drop([shelf[0].but(price="2000000000"), *shelf[1:]])
    assert night.run(thorough=True)["guard"]["parked"] == 1
    assert night.one("select stage, key, field from quarantine") == ("quality", "id-000", "Price.amount")


def test_a_landscape_that_allows_no_loss_at_all(night, shelf):
    night.onec.drop(shelf)
    night.run()
    none = {"Product": Guards(vanished_share=Decimal(0)), "Sku": Guards(vanished_share=Decimal(1))}
    night.hub.landscape = msgspec.structs.replace(night.hub.landscape, guards=none)
    goods = [Goods(id=f"x-{n}", name="Новая", article=f"X-{n}") for n in range(600)]
    night.onec.drop([*shelf, *goods])
    night.run()
    night.onec.drop([*shelf[20:], *goods])
    night.run()
    assert [bound for bound, _ in reasons(night)] == ["vanished_share"]
