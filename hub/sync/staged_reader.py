"""Reads staged rows again, a chunk at a time, for those who judge them before the merge: masks, jumps, quality."""

import io
from collections.abc import Collection, Iterator
from itertools import islice
from typing import NamedTuple

from hub.landscape.hub import Hub
from hub.sync.batches import Batch
from hub.sync.staged import KIND_TAG, LAYOUTS, ROW, SETS_TAG

LINES = 8_000


class Record(NamedTuple):
    """The source record that a row came from: its number in the batch, its kind and its part."""

    ordinal: int
    kind: str
    part: str


class Rows:
    """Rows of one entity in one chunk: where they came from, and their cells in the order of the entity's layout.

    The first cell is the row's own source id, or its parent's; references to dictionaries are hub ids.
    """

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.cells: list[list[str]] = []


def read_rows(hub: Hub, batch: Batch, entities: Collection[str]) -> Iterator[dict[str, Rows]]:
    """Yield chunks of staged rows of these entities; with `SETS_TAG` among them also the sets that records state.

    The cells of a stated set are the record's source id and the names of the sets, a comma between them.
    """
    assert batch.staged_path is not None
    tags = {name if name == SETS_TAG else LAYOUTS[name].tag: name for name in entities}
    kind = part = ""
    with io.TextIOWrapper(hub.landing.open_plain(batch.staged_path), encoding="utf8", newline="\n") as file:
        while lines := list(islice(file, LINES)):
            chunk = {name: Rows() for name in entities}
            for line in lines:
                tag, ordinal, rest = line.split("\t", 2)
                if tag == KIND_TAG:
                    kind, part = rest[:-1].split("\t")
                elif tag in tags:
                    rows = chunk[tags[tag]]
                    first, others = rest[:-1].split("\t", 1)
                    for row in others.split(ROW):
                        rows.records.append(Record(int(ordinal), kind, part))
                        rows.cells.append([first, *row.split("\t")])
            yield chunk


def place_of(entity: str, column: str) -> int:
    """Where a column stands in an entity's cells."""
    found = LAYOUTS[entity]
    return (found.references + found.columns).index(column)
