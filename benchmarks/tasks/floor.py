"""The floor: lxml reads every record without looking at a field, and ready-made rows are copied and taken over."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
from lxml import etree

from benchmarks.tables import TABLES, create, stage, take

NAMESPACE = "{urn:1C.ru:commerceml_2}"
RECORDS = {"import.xml": "Товар", "offers.xml": "Предложение"}


def main(folder: str, url: str | None = None) -> dict[str, int]:
    """Parse both files; with `url` also load the rows that the generator left beside them."""
    found = sum(parse(Path(folder) / name, tag) for name, tag in RECORDS.items())
    rows = 0
    if url is not None:
        with psycopg.connect(url) as connection:
            create(connection)
            for table in TABLES:
                stage(connection, table, chunks(Path(folder) / f"{table}.copy"))
                rows += take(connection, table)
    return {"records": found, "rows": rows}


def parse(path: Path, tag: str) -> int:
    """Read a file with iterparse, one tag, dropping what was read; returns the number of records."""
    count = 0
    for _, element in etree.iterparse(path, events=("end",), tag=NAMESPACE + tag):
        count += 1
        element.clear()
        parent = element.getparent()
        while parent is not None and element.getprevious() is not None:
            del parent[0]
    return count


def chunks(path: Path) -> Iterator[bytes]:
    """A file in pieces of 256 KiB."""
    with path.open("rb") as file:
        while chunk := file.read(1 << 18):
            yield chunk
