"""Pulling from the sandbox shop, and cutting what was pulled."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from woo_rig import product

from canonical_model.errors import ConfigError, RejectRecord
from connectors.protocol import Connection
from connectors.woocommerce.client import shop_url
from connectors.woocommerce.source import cut, with_parent

SAMPLES = Path(__file__).parents[5] / "shared/specs/woocommerce/samples"


def pulled(rig: Any, stream: str, since: str | None) -> tuple[list[str], str]:
    ids: list[str] = []
    cursor = since or ""
    for blob in rig.source.pull(stream, since):
        ids += [raw.id for raw in cut(stream, blob.body, blob.media)]
        cursor = blob.cursor
    return ids, cursor


def test_a_pull_is_whole_once_and_then_only_what_changed(rig: Any) -> None:
    outcomes = rig.push("product", (product(n) for n in range(230)))
    ids, cursor = pulled(rig, "products", None)
    assert sorted(ids) == sorted(o.target_id for o in outcomes)
    assert len(ids) == len(set(ids))
    assert json.loads(cursor)["after"] == 0
    again, _ = pulled(rig, "products", cursor)
    assert set(again) == set(ids), "all of them changed within the overlap"
    later = json.dumps({"since": "2099-01-01T00:00:00+00:00", "started": "", "after": 0})
    assert pulled(rig, "products", later)[0] == []


def test_paging_neither_skips_nor_repeats_while_rows_vanish_and_appear(rig: Any) -> None:
    rig.push("product", (product(n) for n in range(350)))
    seen: list[str] = []
    for number, blob in enumerate(rig.source.pull("products", None)):
        records = list(cut("products", blob.body, blob.media))
        seen += [raw.id for raw in records]
        if number == 0:
            for raw in records[:60]:
                rig.control("edit", {"sku": json.loads(raw.body)["sku"], "delete": True})
        if number == 1:
            rig.push("product", [product(n) for n in range(1_000, 1_030)])
    assert len(seen) == len(set(seen))
    assert len(seen) == 380


def test_an_interrupted_pull_goes_on_where_it_was(rig: Any) -> None:
    rig.push("product", (product(n) for n in range(250)))
    stream = rig.source.pull("products", None)
    first = next(stream)
    stream.close()
    done = [raw.id for raw in cut("products", first.body, first.media)]
    rest, _ = pulled(rig, "products", first.cursor)
    assert len(done) == 100
    assert len({*done, *rest}) == len(done) + len(rest) == 250


def test_an_unknown_stream_is_named(rig: Any) -> None:
    with pytest.raises(ConfigError, match="categories"):
        next(rig.source.pull("orders", None))


def test_check_says_what_is_there(rig: Any) -> None:
    assert "0 products" in rig.source.check()


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b"<html>", "not a JSON array"), (b"{}", "not a JSON array"), (b'[{"id":1},', "not a JSON"), (b'[{"x":1}]', "id")],
)
def test_a_broken_blob_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(RejectRecord, match=reason):
        list(cut("products", io.BytesIO(body), ""))


def test_records_are_the_bytes_received() -> None:
    body = b'[ {"id": 7, "sku":"00123", "price": "1.10"},\n{"id":8,"status":"trash"}]'
    first, second = cut("products", io.BytesIO(body), "")
    assert (first.id, first.body) == ("7", b'{"id": 7, "sku":"00123", "price": "1.10"}')
    assert body[second.at :].startswith(second.body)
    assert (first.gone, second.gone) == (False, True)


def test_a_variation_names_its_product() -> None:
    assert with_parent(b'{"id":5}', 9) == b'{"parent_id":9,"id":5}'
    assert with_parent(b'{"id":5,"parent_id":9}', 9) == b'{"id":5,"parent_id":9}'
    (raw,) = cut("variations", io.BytesIO(b"[" + with_parent(b'{"id":5}', 9) + b"]"), "")
    assert raw.id == "9/5"


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({"host": "https://shop.example/"}, "https://shop.example"),
        ({"host": "shop.example", "schema": "http", "port": 8080}, "http://shop.example:8080"),
        ({"host": "https://u:p@shop.example", "extra": {"path": "/blog/"}}, "https://shop.example/blog"),
    ],
)
def test_addresses(given: Any, url: str) -> None:
    assert shop_url(Connection("x", **given)) == url


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the vendors' samples are not on this machine")
@pytest.mark.parametrize("name", ["ios_products-load-all.json", "ios_categories-all.json"])
def test_vendors_samples_are_cut(name: str) -> None:
    whole = json.loads((SAMPLES / name).read_text("utf-8"))
    some = whole.get("data", whole) if isinstance(whole, dict) else whole
    body = json.dumps(some).encode()
    assert len(list(cut("products", io.BytesIO(body), ""))) == len(some)
