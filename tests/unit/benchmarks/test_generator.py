"""The generated export: the same bytes every time, the shares it promises, and rows that equal its XML."""

from pathlib import Path

import pytest

from benchmarks.generator import generate
from benchmarks.peers.reading import offers, products
from benchmarks.products import is_changed, is_vanished, product
from benchmarks.tables import TABLES


def test_same_count_and_day_give_the_same_bytes(tmp_path: Path) -> None:
    one, other = generate(tmp_path / "a", 1000, 1), generate(tmp_path / "b", 1000, 1)
    for name in ("import.xml", "offers.xml", "product.copy", "price.copy", "stock.copy"):
        assert (one.folder / name).read_bytes() == (other.folder / name).read_bytes()


@pytest.mark.parametrize("start", [0, 12_000], ids=["first-thousand", "a-later-thousand"])
def test_shares_of_the_second_night(start: int) -> None:
    numbers = range(start, start + 1000)
    assert sum(map(is_changed, numbers)) == 10
    assert sum(map(is_vanished, numbers)) == 5
    assert not any(is_changed(number) and is_vanished(number) for number in numbers)


def test_second_night_differs_as_it_says(tmp_path: Path) -> None:
    first, second = generate(tmp_path / "1", 1000, 1), generate(tmp_path / "2", 1000, 2)
    assert (first.products, second.products, second.vanished) == (1000, 1000, 5)
    differing = 0
    for read, name in ((_goods, "import.xml"), (_offers, "offers.xml")):
        before, after = read(first.folder / name), read(second.folder / name)
        assert len(before.keys() - after.keys()) == 5
        differing += sum(before.get(key) != value for key, value in after.items())
    assert differing == second.differing


def _goods(path: Path) -> dict[str, object]:
    return {row["product_id"]: row for row in products(path)}


def _offers(path: Path) -> dict[str, object]:
    # The name that an offer repeats is none of the plain rows, so the bytes of the records are compared.
    records = path.read_text("utf-8").split("<Предложение>")[1:]
    return {record.split("<Ид>")[1].split("</Ид>")[0]: record.split("</Предложение>")[0] for record in records}


def test_rows_beside_the_xml_are_its_rows(tmp_path: Path) -> None:
    export = generate(tmp_path / "1", 1000, 1)
    lines = (export.folder / "price.copy").read_text("utf-8").splitlines()
    read = [price for prices, _ in offers(export.folder / "offers.xml") for price in prices]
    assert [tuple(line.split("\t")) for line in lines] == [tuple(row.values()) for row in read]
    names = [line.split("\t")[3] for line in (export.folder / "product.copy").read_text("utf-8").splitlines()]
    assert names == [row["name"] for row in products(export.folder / "import.xml")]
    assert list(read[0]) == list(TABLES["price"][0])


def test_barcode_has_a_right_check_digit() -> None:
    from stdnum import ean

    assert all(ean.is_valid(product(number, 1, 10).barcode) for number in range(10))
