"""The 1C's exports: the same bytes for the same seed, well-formed, and holding what their counts say."""

import hashlib
import threading
import tracemalloc
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree

from sandbox.onec import export

NS2, NS3 = "{urn:1C.ru:commerceml_2}", "{urn:1C.ru:commerceml_3}"


def digests(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


def tags(folder: Path) -> Counter[str]:
    found: Counter[str] = Counter()
    for file in folder.iterdir():
        found.update(etree.QName(element).localname for element in etree.parse(file).iter("{*}*"))
    return found


def texts(folder: Path, tag: str) -> list[str]:
    return [
        element.text or "" for file in sorted(folder.iterdir()) for element in etree.parse(file).iter("{*}" + tag)
    ]  # fmt: skip


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    export(tmp_path / "a", 300, seed=7)
    export(tmp_path / "b", 300, seed=7)
    export(tmp_path / "c", 300, seed=8)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert digests(tmp_path / "a") != digests(tmp_path / "c")


def test_every_part_is_a_whole_document_and_the_counts_are_right(tmp_path: Path) -> None:
    counts = export(tmp_path, 1000, part=300)
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(
        [f"{kind}0_{number}.xml" for kind in ("import", "offers") for number in (1, 2, 3, 4)]
    )
    found = tags(tmp_path)
    assert found["Товар"] == counts["products"] == 1000
    assert found["Предложение"] == counts["offers"]
    assert found["Группа"] == counts["groups"]
    assert found["Свойство"] == counts["properties"]
    assert found["Цена"] == counts["prices"]
    assert found["ТипЦены"] == counts["price_types"] * 4
    offers = etree.parse(tmp_path / "offers0_1.xml")
    assert len(offers.findall(f".//{NS2}Предложение/{NS2}Склад")) == etree.parse(
        tmp_path / "offers0_1.xml"
    ).xpath("count(//@ИдСклада)")  # fmt: skip


def test_files_look_like_those_of_1c(tmp_path: Path) -> None:
    counts = export(tmp_path, 2000)
    head = (tmp_path / "import0_1.xml").read_bytes()[:700].decode("utf-8")
    assert head.startswith('\ufeff<?xml version="1.0" encoding="UTF-8"?>')
    assert 'xmlns="urn:1C.ru:commerceml_2"' in head
    assert 'ВерсияСхемы="2.09"' in head
    goods = etree.parse(tmp_path / "import0_1.xml")
    articles = Counter(element.findtext(f"{NS2}Артикул") for element in goods.iter(f"{NS2}Товар"))
    assert articles.pop("") > 20
    assert sum(1 for times in articles.values() if times > 1) > 20
    assert {entry.get("Статус") for entry in goods.iter(f"{NS2}Товар")} == {None, "Удален"}
    assert {"796 ", "796", "166", "778"} <= {entry.get("Код") for entry in goods.iter(f"{NS2}БазоваяЕдиница")}
    assert {"22", "10", "0", "Без НДС"} == set(texts(tmp_path, "Ставка"))
    assert 0.1 < counts["variant_offers"] / counts["offers"] < 0.45
    assert counts["services"] == 8
    assert counts["without_offer"] > 0
    assert any("," in text for text in texts(tmp_path, "ЦенаЗаЕдиницу"))
    assert any("\xa0" in text for text in texts(tmp_path, "ЦенаЗаЕдиницу"))


def test_no_offer_carries_two_prices_of_one_type_unless_defects_are_asked_for(tmp_path: Path) -> None:
    def doubled(folder: Path) -> int:
        offers = etree.parse(folder / "offers0_1.xml").iter(f"{NS2}Предложение")
        kinds = [[price.text for price in offer.iter(f"{NS2}ИдТипаЦены")] for offer in offers]
        return sum(len(entries) != len(set(entries)) for entries in kinds)

    export(tmp_path / "clean", 500)
    counts = export(tmp_path / "dirty", 500, defects=True)
    assert doubled(tmp_path / "clean") == 0
    assert doubled(tmp_path / "dirty") == counts["defects"] > 0


def test_values_of_reference_books_are_given_by_guid(tmp_path: Path) -> None:
    export(tmp_path, 200)
    goods = etree.parse(tmp_path / "import0_1.xml")
    book = {
        entry.findtext(f"{NS2}Ид"): entry for entry in goods.iter(f"{NS2}Свойство") if len(entry.findall(".//*")) > 3
    }  # fmt: skip
    assert book
    for entry in goods.iter(f"{NS2}ЗначенияСвойства"):
        values, given = book.get(entry.findtext(f"{NS2}Ид")), entry.findtext(f"{NS2}Значение")
        if values is not None and given:
            assert given in {value.text for value in values.iter(f"{NS2}ИдЗначения")}


def products(folder: Path) -> dict[str, bytes]:
    return {
        element.findtext(f"{NS2}Ид") or "": etree.tostring(element, encoding="utf-8")
        for file in folder.glob("import*")
        for element in etree.parse(file).iter(f"{NS2}Товар")
    }


def offers(folder: Path) -> dict[str, bytes]:
    return {
        element.findtext(f"{NS2}Ид") or "": etree.tostring(element, encoding="utf-8")
        for file in folder.glob("offers*")
        for element in etree.parse(file).iter(f"{NS2}Предложение")
    }


def test_the_second_day_changes_drops_and_adds_the_asked_shares(tmp_path: Path) -> None:
    export(tmp_path / "1", 4000)
    export(tmp_path / "2", 4000, day=2, changed=0.02, vanished=0.01, new=0.005)
    before, after = products(tmp_path / "1"), products(tmp_path / "2")
    assert 20 <= len(before.keys() - after.keys()) <= 60
    assert len(after.keys() - before.keys()) == 20
    renamed = {key for key in before.keys() & after.keys() if before[key] != after[key]}
    first, second = offers(tmp_path / "1"), offers(tmp_path / "2")
    moved = {key.partition("#")[0] for key in first.keys() & second.keys() if first[key] != second[key]}
    assert 50 <= len(renamed | moved) <= 110


def test_a_changes_only_export_names_what_changed_and_marks_what_left(tmp_path: Path) -> None:
    export(tmp_path / "1", 3000)
    export(tmp_path / "full", 3000, day=2)
    export(tmp_path / "changes", 3000, day=2, changes_only=True)
    before, after, named = (products(tmp_path / name) for name in ("1", "full", "changes"))
    gone, new = before.keys() - after.keys(), after.keys() - before.keys()
    assert gone | new <= named.keys()
    assert all('Статус="Удален"'.encode() in named[key] for key in gone)
    assert len(named) < 100
    tree = etree.parse(tmp_path / "changes" / "offers0_1.xml")
    assert tree.xpath("//@СодержитТолькоИзменения") == ["true"]


def test_the_segmented_form_of_3_1_holds_the_same_offers(tmp_path: Path) -> None:
    counts = export(tmp_path, 400, schema="3.1", part=150)
    kinds = Counter(file.name.partition("_")[0] for file in tmp_path.iterdir())
    assert kinds == {
        "groups": 1, "propertiesGoods": 1, "priceLists": 1, "storages": 1, "units": 1,
        "goods": 3, "offers": 3, "prices": 3, "rests": 3,
    }  # fmt: skip
    for kind in ("offers", "prices"):
        found = [entry for file in tmp_path.glob(f"{kind}_*") for entry in etree.parse(file).iter(f"{NS3}Предложение")]
        assert len(found) == counts["offers"]
    assert "-999\xa0999\xa0999,9" in texts(tmp_path, "Значение")
    assert "796 " in texts(tmp_path, "Код")


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251"])
def test_both_encodings_say_the_same(tmp_path: Path, encoding: str) -> None:
    export(tmp_path / "reference", 100)
    export(tmp_path / "other", 100, encoding=encoding)
    assert products(tmp_path / "reference") == products(tmp_path / "other")
    assert (tmp_path / "other" / "import0_1.xml").read_bytes().startswith(b"\xef\xbb\xbf") == (encoding == "utf-8")


def test_an_archive_holds_the_same_files(tmp_path: Path) -> None:
    export(tmp_path / "plain", 100)
    export(tmp_path / "packed", 100, zipped=True)
    with zipfile.ZipFile(tmp_path / "packed" / "webdata.zip") as archive:
        packed = {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
    assert packed == digests(tmp_path / "plain")


def test_a_new_export_clears_the_last_one_away(tmp_path: Path) -> None:
    export(tmp_path, 100, part=20)
    (tmp_path / "readme.txt").write_text("stays")
    export(tmp_path, 100)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["import0_1.xml", "offers0_1.xml", "readme.txt"]


def test_a_file_is_visible_half_written(tmp_path: Path) -> None:
    seen: list[bytes] = []
    thread = threading.Thread(target=lambda: export(tmp_path, 600, pause_inside=0.6))
    thread.start()
    while thread.is_alive() and not seen:
        thread.join(0.05)
        file = tmp_path / "import0_1.xml"
        if file.exists() and (content := file.read_bytes()):
            seen.append(content)
    thread.join()
    assert "</КоммерческаяИнформация>".encode() not in seen[0]
    assert etree.parse(tmp_path / "import0_1.xml") is not None


def test_progress_ends_at_the_total(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    export(tmp_path, 1500, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(1000, 3000), (2000, 3000), (3000, 3000)]


def test_memory_does_not_grow_with_the_catalogue(tmp_path: Path) -> None:
    def peak(products: int) -> int:
        tracemalloc.start()
        export(tmp_path, products, part=250)
        _, top = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return top

    peak(500)
    assert peak(2000) < peak(500) * 1.5


@pytest.mark.parametrize("wrong", [{"schema": "2.04"}, {"encoding": "koi8-r"}, {"day": 0}, {"products": 0}])
def test_what_this_1c_cannot_do_is_refused(tmp_path: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="schema is one of"):
        export(tmp_path, **{"products": 10, **wrong})  # type: ignore[arg-type]


@pytest.mark.parametrize(("schema", "kinds"), [("2.09", {"offers0"}), ("3.1", {"prices", "rests"})])
def test_prices_and_stock_alone(tmp_path: Path, schema: str, kinds: set[str]) -> None:
    steps: list[tuple[int, int]] = []
    counts = export(
        tmp_path, 50, schema=schema, offers_only=True, progress=lambda done, total: steps.append((done, total))
    )  # fmt: skip
    assert {file.name.partition("_")[0] for file in tmp_path.iterdir()} == kinds
    assert (counts["products"], counts["files"]) == (0, len(kinds))
    assert counts["offers"] > 50
    assert steps == [(50 * len(kinds), 50 * len(kinds))]
