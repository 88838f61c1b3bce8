"""From 1C's folder to the canonical tables: first night, quiet night, changes, deletions, and what must not get in."""

import msgspec
import pytest
from night import HEAD, Goods, Night

from hub.sync.land import land
from hub.sync.quarantine import replay
from hub.sync.runs import start_run


@pytest.fixture
def shelf():
    """A small assortment."""
    return [Goods(id=f"id-{n:03}", name=f"Лампа {n}", article=f"A-{n}", price=f"{100 + n}.50") for n in range(60)]


def test_first_night_is_canonical(night, shelf):
    night.onec.drop(shelf)
    counts = night.run()
    assert counts["normalise"]["new"] == counts["normalise"]["read"] == 124
    assert night.one("select count(*), sum(amount)::text from price") == (60, "7800.00")
    assert night.prices()["id-007"] == "107.50"
    assert night.one("select attributes->>'Цвет' from product limit 1") == "красный"
    assert night.one("select count(distinct version), count(distinct set_run) from sku") == (1, 1)


def test_a_second_night_moves_nothing(night, shelf):
    night.onec.drop(shelf)
    night.run()
    before = night.rows("select hub_id, version, set_run from product order by 1")
    night.onec.drop(shelf)
    counts = night.run()
    assert counts["normalise"]["unchanged"] == 124
    assert night.one("select counts->'parsed' from batch order by id desc limit 1") == 0
    assert night.rows("select hub_id, version, set_run from product order by 1") == before
    assert night.one("select count(*) from change") == 0


def test_one_price_changes_exactly_that_price(night, shelf):
    night.onec.drop(shelf)
    night.run()
    night.onec.drop([shelf[0].but(price="99.00"), *shelf[1:]])
    counts = night.run()
    assert (counts["merge"]["updated"], counts["merge"]["inserted"]) == (1, 0)
    assert night.prices()["id-000"] == "99.00"
    assert night.rows("select entity, old::text, new::text from change") == [
        ("Price", '{"amount": 100.50}', '{"amount": 99.00}')
    ]
    assert night.one("select count(*) from price where version = 2") == 1


def test_what_vanishes_from_a_full_export_is_gone_and_may_come_back(night, shelf):
    night.onec.drop(shelf)
    night.run()
    night.onec.drop(shelf[1:])
    assert night.run()["merge"]["gone"] == 2
    assert night.one("select count(*) from product where gone") == 1
    night.onec.drop(shelf)
    night.run()
    assert night.one("select count(*) from product where gone") == 0
    assert night.one("select count(*) from identifier where gone_run is not null") == 0


def test_a_changes_only_package_leaves_the_rest_alone(night, shelf):
    night.onec.drop(shelf)
    night.run()
    night.onec.drop([shelf[3].but(name="Лампа новая", stock="0")], changes=True)
    counts = night.run()
    assert counts["merge"].get("gone", 0) == 0
    assert night.one("select count(*) from product where not gone") == 60
    assert night.one("select count(*) from product where name = 'Лампа новая'") == 1
    night.onec.drop([shelf[3].but(name="Лампа новая", stock="0") if g.id == "id-003" else g for g in shelf])
    assert night.run()["normalise"]["unchanged"] == 124


def test_a_price_list_that_an_offer_no_longer_names_loses_its_price(night, shelf):
    second = "<Цена><ИдТипаЦены>z</ИдТипаЦены><ЦенаЗаЕдиницу>1.00</ЦенаЗаЕдиницу><Валюта>RUB</Валюта></Цена>"
    night.onec.drop([shelf[0].but(offer_extra=second), *shelf[1:]])
    night.run()
    assert night.one("select count(*) from price") == 61
    night.onec.drop(shelf)
    assert night.run()["merge"]["deleted"] == 1
    assert night.one("select count(*) from price") == 60


def test_two_prices_of_one_type_park_the_offer_until_it_is_right(night, shelf):
    twice = "<Цена><ИдТипаЦены>r</ИдТипаЦены><ЦенаЗаЕдиницу>1.00</ЦенаЗаЕдиницу><Валюта>RUB</Валюта></Цена>"
    night.onec.drop([shelf[0].but(offer_extra=twice), *shelf[1:]])
    assert night.run()["normalise"]["quarantined"] == 1
    assert "id-000" not in night.prices()
    (found,) = night.rows("select kind, key, stage, state, convert_from(body, 'utf8') from quarantine")
    assert found[:4] == ("Предложение", "id-000", "map", "open")
    assert "<Ид>id-000</Ид>" in str(found[4])
    night.onec.drop(shelf)
    night.run()
    assert night.prices()["id-000"] == "100.50"
    assert night.one("select state from quarantine") == "superseded"


@pytest.mark.parametrize("price", ["0", "-5", "0,00"])
def test_a_price_of_nothing_is_parked_and_the_one_in_force_stays(night, shelf, price):
    night.onec.drop(shelf)
    night.run()
    night.onec.drop([shelf[0].but(price=price), *shelf[1:]])
    night.run()
    assert night.prices()["id-000"] == "100.50"
    assert night.one("select stage, field from quarantine where state = 'open'") == ("guard", "Price.amount")


def test_a_price_times_a_hundred_waits_for_a_person(night, shelf):
    night.onec.drop(shelf)
    night.run()
    night.onec.drop([shelf[0].but(price="10050.00"), *shelf[1:]])
    assert night.run()["guard"]["parked"] == 1
    assert night.prices()["id-000"] == "100.50"
    identity, reason = night.rows("select id, reason from quarantine where state = 'open'")[0]
    assert "100.50 to 10050.00" in str(reason)
    replay(night.hub, start_run(night.hub, "replay", "a person"), [identity], "olga")
    night.run()
    assert night.prices()["id-000"] == "10050.00"
    assert night.one("select state, settled_by from quarantine") == ("replayed", "olga")


def test_a_third_of_the_export_is_held_and_pushes_nothing(night, shelf):
    night.onec.drop(shelf)
    night.run()
    before = night.canonical()
    night.onec.drop(shelf[:18])
    counts = night.run()
    assert counts["guard"]["held"] == 1
    assert counts["merge"].get("batches", 0) == 0
    assert night.canonical() == before
    reasons = night.one("select reasons from held_batch")
    assert {reason["bound"] for reason in reasons} == {"vanished_share", "fewer_than_median"}
    assert night.run()["merge"].get("batches", 0) == 0


def test_a_released_batch_is_merged(night, shelf):
    night.onec.drop(shelf)
    night.run()
    night.onec.drop(shelf[:18])
    night.run()
    with night.hub.connect() as connection:
        connection.execute("update held_batch set state = 'released', settled_by = 'olga', settled_at = now()")
    night.run()
    assert night.one("select count(*) from product where gone") == 42


def test_a_newer_full_export_supersedes_a_held_one(night, shelf):
    night.onec.drop(shelf)
    night.run()
    night.onec.drop(shelf[:18])
    night.run()
    night.onec.drop(shelf)
    night.run()
    assert [row[0] for row in night.rows("select state from batch order by id")] == ["merged", "superseded", "merged"]
    assert night.one("select state from held_batch") == "superseded"


def test_changes_behind_a_held_batch_wait(night, shelf):
    night.onec.drop(shelf)
    night.run()
    night.onec.drop(shelf[:18])
    night.run()
    night.onec.drop([shelf[1].but(price="55.00")], changes=True)
    night.run()
    assert night.prices()["id-001"] == "101.50"
    with night.hub.connect() as connection:
        connection.execute("update held_batch set state = 'rejected', settled_by = 'olga', settled_at = now()")
    night.run()
    night.run()
    assert night.prices()["id-001"] == "55.00"
    assert night.one("select count(*) from product where gone") == 0


def test_a_renamed_property_maps_its_products_again(night, shelf):
    night.onec.drop(shelf)
    night.run()
    night.onec.properties = {"p1": "Оттенок"}
    night.onec.drop(shelf)
    night.run()
    assert night.one("select count(*) from product where attributes ? 'Оттенок'") == 60
    assert night.one("select count(*) from price where version > 1") == 0


BROKEN = {
    "truncated": lambda text: text[: len(text) // 2],
    "two roots": lambda text: text + text[text.index("<Комм") :],
    "doctype": lambda text: text.replace("?>", '?><!DOCTYPE x [<!ENTITY e "x">]>', 1),
    "bytes of another encoding": lambda text: text.encode("cp1251"),
    "empty": lambda text: "",
    "foreign": lambda text: "<html><body>login</body></html>",
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_file_changes_nothing(night, shelf, fault):
    night.onec.drop(shelf)
    night.run()
    before = night.canonical()
    night.onec.drop([g.but(price="77.00") for g in shelf])
    whole = (night.onec.folder / "import0_1.xml").read_text(encoding="utf8")
    night.onec.write("import0_1.xml", BROKEN[fault](whole))
    night.run()
    assert night.canonical() == before
    for state, reason in night.rows("select state, reason from batch where state <> 'merged'"):
        assert state == "refused"
        assert "import0_1.xml" in str(reason)


def test_half_a_package_is_left_alone(night, shelf):
    night.onec.write("import0_1.xml", night.onec.catalogue(shelf))
    assert night.run()["land"]["packages"] == 0
    assert (night.onec.folder / "import0_1.xml").exists()
    night.onec.write("offers0_1.xml", night.onec.offers(shelf))
    assert night.run()["land"]["packages"] == 1
    assert not (night.onec.folder / "import0_1.xml").exists()


def test_everything_read_is_accounted_for(night, shelf):
    night.onec.drop([*shelf[:-1], shelf[-1].but(price="0")])
    night.run()
    night.onec.drop([shelf[0].but(name="Другая"), *shelf[2:]])
    night.run()
    for counts in (row[0] for row in night.rows("select counts from batch order by id")):
        for kind, found in counts["kinds"].items():
            parts = ("new", "changed", "unchanged", "repeated", "quarantined")
            assert found["read"] == sum(found.get(part, 0) for part in parts), kind


def test_great_expectations_agrees_with_the_masks(night, shelf):
    night.onec.drop(shelf)
    assert night.run(thorough=True)["guard"] == {"guarded": 1, "parked": 0, "superseded": 0}


def test_working_files_of_old_batches_go_and_the_base_stays(night, shelf):
    for number in range(3):
        night.onec.drop([shelf[0].but(price=f"{90 + number}.00"), *shelf[1:]])
        night.run()
    kept = [row[0] for row in night.rows("select staged_path is not null from batch order by id")]
    assert kept == [False, False, True]
    night.onec.drop(shelf)
    assert night.run()["normalise"]["changed"] == 1


def test_old_blobs_go_but_for_those_of_the_base(night, shelf, monkeypatch):
    for price in ("91.00", "92.00"):
        night.onec.drop([shelf[0].but(price=price), *shelf[1:]])
        night.run()
    monkeypatch.setenv("HUB_LANDING_CAP_GB", "0")
    night.onec.drop(shelf)
    night.run()
    assert [row[0] for row in night.rows("select path = '' from blob order by id")] == [True] * 4 + [False] * 2


def test_what_another_system_says_of_an_owned_entity_is_not_applied(night_hub, onec, shelf):
    hub = night_hub()
    owners = {**hub.landscape.owners, "Price": {"*": "shop"}}
    hub.landscape = msgspec.structs.replace(hub.landscape, owners=owners)
    onec.drop(shelf)
    night = Night(hub, onec)
    night.run()
    assert night.one("select count(*) from price") == 0
    assert night.one("select counts->'notes'->>'Price belongs to another system: not applied' from batch") == "60"


def test_a_price_that_goes_up_at_noon_and_back_in_the_evening(night, shelf):
    night.onec.drop(shelf)
    night.run()
    night.onec.drop_prices([shelf[0].but(price="150.00")])
    assert night.run("prices_stock")["merge"]["updated"] == 1
    assert night.prices()["id-000"] == "150.00"
    night.onec.drop(shelf)
    counts = night.run()
    assert night.prices()["id-000"] == "100.50"
    # The offer, and the price list and warehouse that came with it, are read again; one price differs.
    assert (counts["normalise"]["changed"], counts["merge"]["updated"]) == (3, 1)


def test_prices_alone_never_say_that_the_rest_is_gone(night, shelf):
    night.onec.drop(shelf)
    night.run()
    night.onec.drop_prices(shelf[:1])
    night.run("prices_stock")
    assert night.one("select count(*) from sku where gone") == 0


def test_a_variant_stated_as_goods_and_as_offer_keeps_what_both_say(night, shelf):
    """In exports of 2.04 only the goods carry the characteristics, and only the offers the price."""
    option = (
        "<ХарактеристикиТовара><ХарактеристикаТовара><Наименование>Цвет</Наименование>"
        "<Значение>синий</Значение></ХарактеристикаТовара></ХарактеристикиТовара>"
    )
    variant = shelf[0].but(id="p#c", extra=option)
    night.onec.drop([variant, *shelf[1:]])
    night.run()
    sku = "select options->>'Цвет', p.amount::text from sku s join price p on p.sku = s.hub_id where s.variant = 'c'"
    assert night.one(sku) == ("синий", "100.50")
    night.onec.drop([variant.but(price="99.00", name="Новое имя"), *shelf[1:]])
    night.run()
    assert night.one(sku) == ("синий", "99.00")


def test_a_deletion_mark_is_a_deletion(night, shelf):
    night.onec.drop(shelf)
    night.run()
    night.onec.drop(shelf)
    whole = (night.onec.folder / "import0_1.xml").read_text(encoding="utf8")
    night.onec.write("import0_1.xml", whole.replace("<Товар><Ид>id-000", '<Товар Статус="Удален"><Ид>id-000'))
    night.run()
    gone = (
        "select p.gone, i.gone_run is not null from product p join identifier i using (hub_id) "
        "join namespace n on n.id = i.namespace and n.kind = 'Product'"
    )
    assert night.rows(f"{gone} where p.gone") == [(True, True)]
    night.onec.drop(shelf)
    night.run()
    assert set(night.rows(gone)) == {(False, False)}


@pytest.mark.parametrize(
    ("bad", "said"),
    [(b"\xd0", "is not utf-8"), (b"\x0b", "U+000B"), (b"<", "import0_1.xml: ")],
    ids=["half a character", "a control character", "a stray bracket"],
)
def test_bytes_that_are_broken_inside_one_record_refuse_the_whole_file(night, shelf, bad, said):
    night.onec.drop(shelf)
    whole = (night.onec.folder / "import0_1.xml").read_bytes()
    night.onec.write("import0_1.xml", whole.replace("Лампа 7<".encode(), "Лампа ".encode() + bad + b"7<"))
    night.run()
    (found,) = night.rows("select state, reason from batch")
    assert found[0] == "refused"
    assert said in str(found[1])
    assert night.one("select count(*) from product") == 0


def test_another_mapping_version_maps_all_again_and_changes_what_differs(night, shelf, monkeypatch):
    night.onec.drop(shelf)
    night.run()
    monkeypatch.setattr("mappings.registry.version", lambda _: "another")
    night.onec.drop([shelf[0].but(price="99.00"), *shelf[1:]])
    counts = night.run()
    assert counts["normalise"]["changed"] == 124
    assert (counts["merge"]["updated"], counts["merge"]["inserted"]) == (1, 0)


def test_a_broken_full_export_takes_nothing_from_the_changes_before_it(night, shelf):
    night.onec.drop(shelf)
    night.run()
    night.onec.drop(shelf[:18])
    night.run()  # held: what follows has to wait
    night.onec.drop([shelf[1].but(price="99.00")], changes=True)
    night.run()
    night.onec.drop(shelf)
    whole = (night.onec.folder / "import0_1.xml").read_text(encoding="utf8")
    night.onec.write("import0_1.xml", whole.replace("Лампа 7<", "Лампа \x0b7<"))
    night.run()
    assert [row[0] for row in night.rows("select state from batch order by id")] == [
        "merged",
        "held",
        "normalised",
        "refused",
    ]


def test_a_held_full_export_lets_the_changes_before_it_through(night, shelf):
    night.onec.drop(shelf)
    night.run()
    night.onec.drop([shelf[1].but(price="99.00")], changes=True)
    land(night.hub, start_run(night.hub, "test", "two at once"), "erp", "catalogue")
    night.onec.drop(shelf[:18])
    night.run()
    assert night.prices()["id-001"] == "99.00"
    assert [row[0] for row in night.rows("select state from batch order by id")] == ["merged", "merged", "held"]
    night.onec.drop(shelf)
    night.run()
    assert night.prices()["id-001"] == "101.50"


def test_what_was_compared_before_a_sibling_moved_it_is_compared_again(night, shelf):
    night.onec.drop(shelf)
    night.run()
    night.onec.drop(shelf[:18])
    night.run()  # held, with id-000 at its first price
    night.onec.drop_prices([shelf[0].but(price="150.00")])
    night.run("prices_stock")
    assert night.prices()["id-000"] == "150.00"
    with night.hub.connect() as connection:
        connection.execute("update held_batch set state = 'released', settled_by = 'olga', settled_at = now()")
    night.run()
    assert night.prices()["id-000"] == "100.50"


def test_a_reference_record_that_cannot_be_read_costs_only_itself(night, shelf):
    night.onec.drop(shelf)
    whole = (night.onec.folder / "import0_1.xml").read_text(encoding="utf8")
    odd = "<Свойство><Ид>p9</Ид><Наименование>Вес</Наименование><Новое>1</Новое></Свойство></Свойства>"
    night.onec.write("import0_1.xml", whole.replace("</Свойства>", odd, 1))
    night.run()
    assert night.one("select count(*) from product") == 60
    assert night.rows("select kind, key from quarantine") == [("Свойство", "p9")]


def test_a_parked_record_that_leaves_the_source_is_settled(night, shelf):
    night.onec.drop([shelf[0].but(price="0"), *shelf[1:]])
    night.run()
    assert night.one("select state from quarantine") == "open"
    night.onec.drop(shelf[1:])
    night.run()
    assert night.one("select state from quarantine") == "superseded"


def segments(onec, shelf, *, without_price=()):
    """A full export of 3.1: goods and offers, prices and rests each in a file of its own."""
    head = HEAD.replace("commerceml_2", "commerceml_3").replace("2.09", "3.1")

    def package(rows):
        return (
            f'{head}<ПакетПредложений СодержитТолькоИзменения="false"><Ид>k#</Ид><Наименование>П</Наименование>'
            f"<Предложения>{rows}</Предложения></ПакетПредложений></КоммерческаяИнформация>"
        )

    onec.write("import0_1.xml", onec.catalogue(shelf).replace("commerceml_2", "commerceml_3").replace("2.09", "3.1"))
    offer = "<Предложение><Ид>{0.id}</Ид>{1}</Предложение>"
    onec.write(
        "offers0_1.xml", package("".join(offer.format(g, f"<Наименование>{g.name}</Наименование>") for g in shelf))
    )
    price = "<Цены><Цена><ИдТипаЦены>r</ИдТипаЦены><ЦенаЗаЕдиницу>{}</ЦенаЗаЕдиницу><Валюта>RUB</Валюта></Цена></Цены>"
    priced = [g for g in shelf if g.id not in without_price]
    onec.write("prices0_1.xml", package("".join(offer.format(g, price.format(g.price)) for g in priced)))
    rest = "<Остатки><Остаток><Склад><Ид>w</Ид><Количество>{}</Количество></Склад></Остаток></Остатки>"
    onec.write("rests0_1.xml", package("".join(offer.format(g, rest.format(g.stock)) for g in shelf)))


def test_an_offer_that_leaves_the_price_segment_keeps_its_stock(night, shelf):
    segments(night.onec, shelf)
    night.run()
    assert night.one("select (select count(*) from price), (select count(*) from stock_level)") == (60, 60)
    segments(night.onec, shelf, without_price=("id-003",))
    night.run()
    assert night.one("select (select count(*) from price), (select count(*) from stock_level)") == (59, 60)
    assert "id-003" not in night.prices()
