"""pandas + COPY: read everything into frames, write CSV, COPY it, take it over."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import psycopg

from benchmarks.peers.reading import offers, products
from benchmarks.tables import TABLES, create, stage, take


def main(folder: str, url: str) -> dict[str, int]:
    """Load one export into empty tables; returns the number of rows."""
    frames = {"product": pd.DataFrame(products(Path(folder) / "import.xml"))}
    frames["product"]["properties"] = frames["product"]["properties"].map(lambda p: json.dumps(p, ensure_ascii=False))
    prices, stock = [], []
    for of_price, of_stock in offers(Path(folder) / "offers.xml"):
        prices += of_price
        stock += of_stock
    frames |= {"price": pd.DataFrame(prices), "stock": pd.DataFrame(stock)}
    rows = 0
    with psycopg.connect(url) as connection:
        create(connection)
        for table, (columns, _) in TABLES.items():
            stage(connection, table, _csv(frames[table], columns), "with (format csv)")
            rows += take(connection, table)
    return {"rows": rows}


def _csv(frame: pd.DataFrame, columns: tuple[str, ...]) -> Iterator[bytes]:
    text = io.StringIO()
    frame[list(columns)].to_csv(text, index=False, header=False)
    text.seek(0)
    while chunk := text.read(1 << 20):
        yield chunk.encode()
