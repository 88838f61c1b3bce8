"""The feed: rendered, published, cut again."""

import io
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from canonical_model import errors
from canonical_model.errors import ConfigError, RejectRecord
from connectors.protocol import Connection, Done, Letter, Refused
from connectors.yml.offers import render_offer, render_offers
from connectors.yml.sink import open_sink
from connectors.yml.source import cut, open_source

SAMPLE = Path(__file__).parents[5] / "shared/specs/yml/samples/yandex_products_Moscow_feed_with_delivery.xml"
HEADER = {
    "date": datetime.now(UTC),
    "name": "Магазин «Ёж» & Ко",
    "company": "ООО",
    "url": "https://shop.example",
    "currencies": ["RUB"],
    "categories": [{"id": "1", "name": "Все"}, {"id": "2", "name": "Одежда", "parentId": "1"}],
}


def offer(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"A-{number}",
        "available": "true",
        "name": f"Куртка <{number}> & «шарф»",
        "price": "10.50",
        "categoryId": "2",
        "picture": [f"https://cdn.example/{number}.jpg"],
        "param": [("Цвет", "красный"), ("Длина", "90", "см")],
    } | more


def letters(offers: Any, **header: Any) -> Iterator[Letter]:
    yield Letter(0, "feed", "update", "feed", HEADER | header)
    for number, payload in enumerate(offers, 1):
        yield Letter(number, "offer", "update", str(number), payload)


def sink(folder: Path, **options: Any) -> Any:
    return open_sink(Connection("feed", extra={"folder": str(folder)}), options, None)  # type: ignore[arg-type]


def told(element: Any) -> Any:
    return (dict(element.attrib), [(child.tag, dict(child.attrib), child.text) for child in element])


def test_an_offer_is_attributes_elements_and_lists() -> None:
    element = etree.fromstring(render_offer(offer(1, weight=Decimal("1.50"), count=3, delivery=True, vendor=None)))
    assert told(element) == (
        {"id": "A-1", "available": "true"},
        [
            ("name", {}, "Куртка <1> & «шарф»"),
            ("price", {}, "10.50"),
            ("categoryId", {}, "2"),
            ("weight", {}, "1.50"),
            ("count", {}, "3"),
            ("delivery", {}, "true"),
            ("picture", {}, "https://cdn.example/1.jpg"),
            ("param", {"name": "Цвет"}, "красный"),
            ("param", {"name": "Длина", "unit": "см"}, "90"),
        ],
    )


ANY = st.text(st.characters(codec="utf-8") | st.sampled_from("\x00\x01\x02\x03\x1f<>&\"'%\ufffe\uffff"), max_size=20)


def kept(text: str) -> str:
    """What XML 1.0 lets through, as a parser gives it back."""
    return "".join(c for c in text if (c >= " " or c in "\t\n\r") and c not in "\ufffe\uffff")


@given(st.lists(st.tuples(ANY, ANY, ANY, st.lists(ANY, max_size=3)), min_size=1, max_size=4))
def test_whatever_stands_in_a_value_the_markup_holds(rows: Any) -> None:
    payloads = [
        {"id": "x", "name": a, "vendor": b, "picture": many, "param": [(f"p%{len(b)}&", c)]} for a, b, c, many in rows
    ]
    data = render_offers(payloads)
    root = etree.fromstring(b"<r>" + data.replace(b"\r", b"&#13;") + b"</r>")
    for element, (a, b, c, many) in zip(root, rows, strict=True):
        texts = [child.text or "" for child in element]
        assert texts == [kept(text) for text in [a, b, *many, c]]
        assert element[-1].get("name") == f"p%{len(b)}&"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"name": "x"}, "needs an id"),
        ({"id": "1", "price": 1.5}, "float"),
        ({"id": "1", "a b": "x"}, "not the name"),
        ({"id": "1", "param": ["x"]}, "parameter"),
        ({"id": "1", "x": {"y": 1}}, "dict"),
    ],
)
def test_what_yml_has_no_place_for_is_refused(payload: Any, reason: str) -> None:
    with pytest.raises(errors.Refused, match=reason):
        render_offer(payload)


def test_a_channels_payload_is_the_same_by_the_rough_and_the_smooth_way() -> None:
    rough = {
        "id": "1", "available": True, "url": None, "count": 5, "picture": [], "barcode": ["4601"], "name": "x",
        "param": [("a", "b"), ("c", 1)],
    }  # fmt: skip
    smooth = {
        "id": "1",
        "available": "true",
        "count": "5",
        "barcode": ["4601"],
        "name": "x",
        "param": [("a", "b"), ("c", "1")],
    }
    for _ in range(2):
        assert told(etree.fromstring(render_offer(rough))) == told(etree.fromstring(render_offer(smooth)))
        single = told(etree.fromstring(render_offer(rough | {"barcode": "4601"})))
        assert sorted(single[1], key=str) == sorted(told(etree.fromstring(render_offer(smooth)))[1], key=str)


def test_a_list_once_and_a_single_the_next_time() -> None:
    many, one = render_offer({"id": "1", "barcode": ["a", "b"]}), render_offer({"id": "1", "barcode": "ab"})
    assert (many.count(b"<barcode>"), one.count(b"<barcode>")) == (2, 1)
    assert render_offer({"id": "1", "barcode": ("a", Decimal("2"))}).count(b"<barcode>") == 2


def test_a_feed_is_published_whole_and_read_back(tmp_path: Path) -> None:
    target = sink(tmp_path)
    outcomes = list(target.push("feed", letters([offer(1), render_offer(offer(2)), offer(3, price=1.5), offer(4)])))
    assert {o.letter.id: type(o) for o in outcomes} == {0: Done, 1: Done, 2: Done, 3: Refused, 4: Done}
    assert [path.name for path in tmp_path.iterdir()] == ["feed.xml"]
    (blob,) = target.read("offer", None)
    with (tmp_path / "feed.xml").open("rb") as body:
        records = list(cut("feed", body, "application/xml"))
    assert [(r.kind, r.id) for r in records] == [
        ("category", "1"), ("category", "2"), ("offer", "A-1"), ("offer", "A-2"), ("offer", "A-4"),
    ]  # fmt: skip
    assert records[2].body + b"\n" == render_offer(offer(1))
    root = etree.parse(tmp_path / "feed.xml").getroot()
    assert root.find("shop/name").text == HEADER["name"]
    assert datetime.fromisoformat(root.get("date")).tzinfo
    assert blob.snapshot


def test_an_unchanged_feed_is_left_alone_unless_asked_or_old(tmp_path: Path) -> None:
    def write(**more: Any) -> tuple[bool, bytes]:
        header = {"date": more.pop("date", datetime.now(UTC))}
        done = list(sink(tmp_path, **more).push("feed", letters([offer(1)], **header)))
        return done[0].duplicate, (tmp_path / "feed.xml").read_bytes()

    old = write(date=datetime.now(UTC) - timedelta(days=8))
    first = write()
    assert not old[0] and not first[0] and old[1] != first[1]
    assert write(date=datetime.now(UTC) + timedelta(minutes=1)) == (True, first[1])
    assert write(date=datetime.now(UTC) + timedelta(minutes=1), rewrite="always")[0] is False


def test_a_failing_source_leaves_the_old_feed(tmp_path: Path) -> None:
    list(sink(tmp_path).push("feed", letters([offer(1)])))
    before = (tmp_path / "feed.xml").read_bytes()

    def broken() -> Iterator[Any]:
        yield offer(2)
        raise RuntimeError

    for options in ({}, {"rewrite": "always"}):
        with pytest.raises(RuntimeError):
            list(sink(tmp_path, **options).push("feed", letters(broken())))
        assert (tmp_path / "feed.xml").read_bytes() == before


def test_direct_wants_minutes(tmp_path: Path) -> None:
    list(sink(tmp_path, date_format="minutes").push("feed", letters([], date="2026-11-22T03:00:00+03:00")))
    assert b'date="2026-11-22 03:00"' in (tmp_path / "feed.xml").read_bytes()
    with pytest.raises(ConfigError, match="rfc3339"):
        sink(tmp_path, date_format="iso")


@pytest.mark.parametrize("header", [{"date": None}, {"date": "2026-11-22T03:00:00"}, {"name": ""}])
def test_a_header_that_lacks_something_is_a_setting(tmp_path: Path, header: Any) -> None:
    with pytest.raises(ConfigError):
        list(sink(tmp_path).push("feed", letters([], **header)))
    assert list(tmp_path.iterdir()) == []


def test_memory_stays_flat(tmp_path: Path) -> None:
    peaks = []
    for count in (2_000, 20_000):
        tracemalloc.start()
        for _ in sink(tmp_path / str(count)).push("feed", letters(offer(n) for n in range(count))):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 18_000 * 16 + 200_000


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"<html/>", "html, not yml_catalog"),
        (b'<yml_catalog date=""><shop><offers><offer id="1">', "cut short"),
        (b"<yml_catalog><offer><name/></offer></yml_catalog>", "without an id"),
        ("<yml_catalog>ё</yml_catalog>".encode("cp1251"), "not utf-8"),
    ],
)
def test_a_broken_feed_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(RejectRecord, match=reason):
        list(cut("feed", io.BytesIO(data), ""))


def test_comments_and_cdata_hide_no_offers() -> None:
    data = (
        b'<yml_catalog><!-- <offer id="no">x</offer> --><offer id="1"><d><![CDATA[</offer><offer id="2">]]></d></offer>'
        b'<category id="&quot;3">x</category></yml_catalog>'
    )
    assert [raw.id for raw in cut("feed", io.BytesIO(data), "")] == ["1", '"3']


@pytest.mark.skipif(not SAMPLE.is_file(), reason="the vendors' samples are not on this machine")
def test_the_vendors_sample_is_cut_whole() -> None:
    data = SAMPLE.read_bytes()
    records = list(cut("feed", io.BytesIO(data), ""))
    assert len([r for r in records if r.kind == "offer"]) == data.count(b"<offer ")
    assert [r for r in records if data[r.at : r.at + len(r.body)] != r.body] == []


def test_nothing_to_pull_where_no_feed_stands(tmp_path: Path) -> None:
    source = open_source(Connection("feed", extra={"folder": str(tmp_path)}), {}, None)  # type: ignore[arg-type]
    assert list(source.pull("feed", None)) == []
    assert "no feed.xml" in source.check()
