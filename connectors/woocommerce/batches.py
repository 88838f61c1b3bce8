"""Letters as WooCommerce batch requests, and the shape of their answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import msgspec

from connectors.protocol import Letter
from connectors.woocommerce.client import IN_FLIGHT, PAGE

PATHS = {"product": "/products/batch", "category": "/products/categories/batch"}
_PARAMETER = re.compile(r"Invalid parameter\(s\): (\w+)")
T = TypeVar("T")


class Fault(msgspec.Struct):
    """`{code, message, data: {status, params}}`: how the shop says no."""

    code: str = ""
    message: str = ""
    data: Any = None

    @property
    def status(self) -> int:
        """The HTTP status that this fault would have had alone; 400 where it names none."""
        status = self.data.get("status") if isinstance(self.data, dict) else None
        return status if isinstance(status, int) else 400

    def text(self) -> str:
        """One sentence for people."""
        return f"{self.code}: {self.message}"[:300]

    def field(self) -> str | None:
        """The field at fault, where the shop names one."""
        params = self.data.get("params") if isinstance(self.data, dict) else None
        if isinstance(params, dict) and params:
            return str(next(iter(params)))
        if found := _PARAMETER.search(self.message):
            return found.group(1)
        return "sku" if "sku" in self.code else None


class Item(msgspec.Struct):
    """The result for one object of a batch."""

    id: int | str | None = None
    permalink: str = ""
    error: Fault | None = None


class Results(msgspec.Struct):
    """The answer to a batch: results in the order of the request."""

    create: list[Item] = []
    update: list[Item] = []
    delete: list[Item] = []


def is_create(letter: Letter) -> bool:
    """Whether sending this letter makes something new."""
    return letter.target_id is None and letter.op != "remove"


def own_id(letter: Letter) -> int:
    """The number of the letter's row at the shop."""
    return int((letter.target_id or "").rpartition("/")[2])


def parent_of(letter: Letter) -> str | None:
    """The product that a variation belongs to."""
    return (letter.target_id or "").rpartition("/")[0] or letter.parent_id


def target_id(letter: Letter, id_: int | str | None) -> str:
    """How the hub names a row of the shop: `<product>/<variation>`, or the row's own number."""
    return f"{parent_of(letter)}/{id_}" if letter.kind == "variation" else str(id_)


@dataclass(frozen=True)
class Batch:
    """One batch request; `path` is None where the parent is not known."""

    path: str | None
    letters: list[Letter]

    def _parts(self) -> dict[str, list[Letter]]:
        parts: dict[str, list[Letter]] = {"create": [], "update": [], "delete": []}
        for letter in self.letters:
            if is_create(letter):
                parts["create"].append(letter)
            else:
                parts["update" if letter.payload or letter.op != "remove" else "delete"].append(letter)
        return parts

    def body(self) -> bytes:
        """The JSON object to send."""
        parts = self._parts()
        told: dict[str, list[Any]] = {
            "create": [letter.payload for letter in parts["create"]],
            "update": [{**letter.payload, "id": own_id(letter)} for letter in parts["update"]],
            "delete": [own_id(letter) for letter in parts["delete"]],
        }
        return msgspec.json.encode({name: some for name, some in told.items() if some})

    def pair(self, results: Results) -> list[tuple[Letter, Item]] | None:
        """Each letter with its result; None when the numbers differ."""
        parts = self._parts()
        answers = {"create": results.create, "update": results.update, "delete": results.delete}
        if any(len(parts[name]) != len(answers[name]) for name in parts):
            return None
        return [pair for name in parts for pair in zip(parts[name], answers[name], strict=True)]

    def halves(self) -> tuple[Batch, Batch]:
        """Two batches with the same letters."""
        middle = len(self.letters) // 2
        return Batch(self.path, self.letters[:middle]), Batch(self.path, self.letters[middle:])


def in_windows(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of up to `size` items, taken lazily."""
    source = iter(items)
    while window := list(islice(source, size)):
        yield window


def batches(kind: str, letters: Iterable[Letter]) -> Iterator[Batch]:
    """Letters in batches of up to 100; variations by product, within a window that keeps memory flat."""
    if kind in PATHS:
        for window in in_windows(letters, PAGE):
            yield Batch(PATHS[kind], window)
        return
    for window in in_windows(letters, PAGE * IN_FLIGHT):
        products: dict[str | None, list[Letter]] = {}
        for letter in window:
            products.setdefault(parent_of(letter), []).append(letter)
        for product, some in products.items():
            path = f"/products/{product}/variations/batch" if product else None
            for part in in_windows(some, PAGE):
                yield Batch(path, part)
