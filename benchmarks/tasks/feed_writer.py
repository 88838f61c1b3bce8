"""Offers to a YML file: by the connector, or by a plain template that says the same. Only the writing is timed."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import words
from benchmarks.products import product
from connectors.protocol import Connection, Letter
from connectors.yml.sink import open_sink

BLOCK = 5_000
Offer = tuple[Any, ...]
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<yml_catalog date="2026-11-22T03:00:00+03:00"><shop>'
    '<name>Магазин</name><currencies><currency id="RUB" rate="1"/></currencies><offers>\n'
)
_TAIL = "</offers></shop></yml_catalog>\n"


class Unpaced:
    """A file needs no pace."""

    def take(self, cost: int = 1) -> None:
        """Go on at once."""

    def slow_down(self, until_s: float) -> None:
        """Nobody says so."""


class Watch:
    """CPU seconds of this process without those that went into making offers."""

    def __init__(self) -> None:
        self.begun, self.away = time.process_time(), 0.0

    def blocks(self, count: int, make: Callable[[int], Any]) -> Iterator[list[Any]]:
        """Blocks of what `make` returns for each number; their making does not count."""
        for start in range(0, count, BLOCK):
            before = time.process_time()
            block = [make(number) for number in range(start, min(start + BLOCK, count))]
            self.away += time.process_time() - before
            yield block

    def seconds(self) -> float:
        """So far."""
        return time.process_time() - self.begun - self.away


def main(tool: str, count: int, folder: str) -> dict[str, Any]:
    """Write `count` offers; returns bytes and CPU seconds of the writing."""
    watch = Watch()
    path = {"template": template, "connector": connector}[tool](watch, count, Path(folder))
    return {"bytes": path.stat().st_size, "cpu": watch.seconds()}


def template(watch: Watch, count: int, folder: Path) -> Path:
    """An f-string an offer, a join and an encode a block; characters that XML forbids are not looked for."""
    path = folder / "template.xml"
    with path.open("wb", buffering=1 << 20) as file:
        file.write(_HEAD.encode())
        for block in watch.blocks(count, offer):
            file.write("".join([written(one) for one in block]).encode())
        file.write(_TAIL.encode())
    return path


def connector(watch: Watch, count: int, folder: Path) -> Path:
    """The connector's sink, with payloads as the mapping renders them."""
    header = {
        "date": datetime(2026, 11, 22, tzinfo=UTC),
        "name": "Магазин",
        "company": "ООО «Магазин»",
        "url": "https://shop.example",
    }

    def letters() -> Iterator[Letter]:
        yield Letter(0, "feed", "update", "", header)
        for block in watch.blocks(count, letter):
            yield from block

    sink = open_sink(Connection("bench_feed", "yml", extra={"folder": str(folder)}), {}, Unpaced())
    expected = count + 1
    done = sum(1 for _ in sink.push("feed", letters()))
    if done != expected:
        message = f"{done} outcomes for {expected} letters"
        raise RuntimeError(message)
    return folder / "feed.xml"


def offer(number: int) -> Offer:
    """One offer: code, price, category, name, brand, article, description, stock, picture, barcode, properties."""
    one = product(number, 1, number + 1)
    pairs = [(name, value) for name, value in zip(words.PROPERTIES, one.properties, strict=True)]
    price = f"{one.prices[0] // 100}.{one.prices[0] % 100:02d}"
    brand = words.BRANDS[one.brand]
    picture = f"https://cdn.shop.example/{one.id}.jpg"
    stock = str(sum(one.stock))
    said = (one.article, price, str(one.group), one.name, brand, one.article, one.description, stock, picture)
    return (*said, one.barcode, pairs)


def letter(number: int) -> Letter:
    """The same offer as a letter of the connector."""
    code, price, category, name, brand, article, description, stock, picture, barcode, pairs = offer(number)
    payload = {
        "id": code,
        "available": "true",
        "price": price,
        "currencyId": "RUB",
        "categoryId": category,
        "name": name,
        "vendor": brand,
        "vendorCode": article,
        "description": description,
        "count": stock,
        "picture": [picture],
        "barcode": barcode,
        "param": pairs,
    }
    return Letter(number + 1, "offer", "update", "", payload)


def written(one: Offer) -> str:
    """The same offer as text."""
    params = "".join([f'<param name="{escaped(name)}">{escaped(value)}</param>' for name, value in one[10]])
    return (
        f'<offer id="{one[0]}" available="true"><price>{one[1]}</price><currencyId>RUB</currencyId>'
        f"<categoryId>{one[2]}</categoryId><name>{escaped(one[3])}</name><vendor>{escaped(one[4])}</vendor>"
        f"<vendorCode>{one[5]}</vendorCode><description>{escaped(one[6])}</description><count>{one[7]}</count>"
        f"<picture>{escaped(one[8])}</picture><barcode>{one[9]}</barcode>{params}</offer>\n"
    )


def escaped(text: str) -> str:
    """Text for an element."""
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    if ">" in text:
        text = text.replace(">", "&gt;")
    return text
