"""One export of the catalogue, streamed: memory does not grow with the number of products."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from sandbox.onec import classifier, wording
from sandbox.onec.assortment import PRICE_TYPES, PROPERTIES, WAREHOUSES
from sandbox.onec.calendar import Calendar
from sandbox.onec.catalogue import Product, product
from sandbox.onec.goods import goods_element
from sandbox.onec.offers import offer_element, price_texts
from sandbox.onec.state import Overrides, load, mark_exported
from sandbox.onec.writing import Folder, Meter, Progress

FIRST_NIGHT = datetime(2026, 11, 23, 3)  # noqa: DTZ001 - 1C writes local time without a zone
SCHEMAS = ("2.09", "3.1")
ENCODINGS = ("utf-8", "windows-1251")


@dataclass(slots=True)
class Edition:
    """Everything one export needs: which catalogue, which overrides, which form."""

    calendar: Calendar
    overrides: Overrides
    folder: Folder
    meter: Meter
    counts: Counter[str]
    schema: str = "2.09"
    part: int = 10_000
    changes_only: bool = False
    defects: bool = False

    def opening(self) -> str:
        """Declaration and root of each file."""
        encoding = "UTF-8" if self.folder.encoding == "utf-8" else self.folder.encoding
        return wording.opening(self.schema, encoding, self.folder.formed)

    def indices(self) -> Iterator[int]:
        """Products this export names, in catalogue order."""
        for index in range(self.calendar.total):
            self.meter.step()
            if self.named(index):
                yield index

    def named(self, index: int) -> bool:
        """Whether this export names a product."""
        if not self.changes_only:
            return self.calendar.alive(index)
        if self.calendar.touched_today(index):
            return True
        if not self.overrides.unsent or not self.calendar.alive(index):
            return False
        return product(self.calendar, index).id in self.overrides.unsent

    def deleted(self, item: Product) -> bool:
        """Whether a product carries a deletion mark: its own, one set by hand, or because it left today."""
        return item.deleted or item.id in self.overrides.deleted or not self.calendar.alive(item.index)

    def offered(self, item: Product) -> bool:
        """Whether a product's offers are exported; those of a deleted one are not."""
        return bool(item.offers) and not self.deleted(item)

    def defective(self, item: Product) -> bool:
        """Whether this product's offers carry the known defect: two prices of one type."""
        return self.defects and item.index % 100 == 3

    def parts(self) -> Iterator[list[int]]:
        """Indices of each part; at least one part, even if it is empty."""
        indices = self.indices()
        yield list(islice(indices, self.part))
        while part := list(islice(indices, self.part)):
            yield part

    def count_goods(self, item: Product) -> None:
        """Take a written product into the counts."""
        self.counts["products"] += 1
        self.counts["deleted"] += self.deleted(item)
        self.counts["services"] += item.service
        self.counts["without_offer"] += not self.offered(item) and not self.deleted(item)

    def count_offers(self, item: Product) -> None:
        """Take a product's written offers into the counts."""
        for offer in item.offers:
            self.counts["offers"] += 1
            self.counts["variant_offers"] += "#" in offer.id
            self.counts["prices"] += sum(1 for _ in price_texts(offer, self.overrides.prices))
            self.counts["stocks"] += len(offer.stock)
            self.counts["defects"] += self.defective(item)


def _goods(edition: Edition) -> None:
    for number, part in enumerate(edition.parts(), 1):
        with edition.folder.document(f"import0_{number}.xml") as document:
            document.write(edition.opening())
            if number == 1:
                document.write(classifier.classifier(classifier.groups("2.09") + classifier.properties("2.09")))
            document.write(wording.catalogue_opening(edition.changes_only) + "\t\t<Товары>\n")
            for place, index in enumerate(part):
                item = product(edition.calendar, index)
                document.write(goods_element(item, edition.deleted(item), "2.09"))
                edition.count_goods(item)
                if place == len(part) // 2:
                    edition.folder.linger(document)
            document.write(f"\t\t</Товары>\n\t</Каталог>\n{wording.CLOSING}")


def _offers(edition: Edition) -> None:
    lists = classifier.price_types("2.09") + classifier.warehouses("2.09")
    for number, part in enumerate(edition.parts(), 1):
        with edition.folder.document(f"offers0_{number}.xml") as document:
            document.write(edition.opening() + classifier.classifier(""))
            document.write(wording.package_opening(edition.changes_only) + lists + "\t\t<Предложения>\n")
            for place, index in enumerate(part):
                item = product(edition.calendar, index)
                if edition.offered(item):
                    for offer in item.offers:
                        document.write(offer_element(item, offer, edition.overrides.prices, edition.defective(item)))
                    edition.count_offers(item)
                if place == len(part) // 2:
                    edition.folder.linger(document)
            document.write(f"\t\t</Предложения>\n\t</ПакетПредложений>\n{wording.CLOSING}")


def export(
    folder: Path | str,
    products: int = 1000,
    seed: int = 1,
    day: int = 1,
    state: Path | str | None = None,
    *,
    changed: float = 0.01,
    vanished: float = 0.005,
    new: float = 0.005,
    part: int = 10_000,
    changes_only: bool = False,
    schema: str = "2.09",
    encoding: str = "utf-8",
    zipped: bool = False,
    defects: bool = False,
    pause_between: float = 0.0,
    pause_inside: float = 0.0,
    formed: datetime | None = None,
    progress: Progress | None = None,
) -> dict[str, int]:
    """Write one export into a folder and return what it holds, by kind.

    The same arguments and state give the same bytes; `formed` (1C's local time) is 03:00 of the day unless
    given. `part` is products a file, pauses are seconds, `progress` gets (done, total) in catalogue passes.

    Raises:
        ValueError: a schema or encoding that this 1C does not know, or counts below one.
    """
    if schema not in SCHEMAS or encoding not in ENCODINGS or min(products, day, part) < 1:
        message = f"schema is one of {SCHEMAS}, encoding one of {ENCODINGS}; products, day and part are 1 or more"
        raise ValueError(message)
    kept = Path(state) if state is not None else None
    calendar = Calendar(products, seed, day, changed, vanished, new)
    when = formed or FIRST_NIGHT + timedelta(days=day - 1)
    place = Folder(Path(folder), encoding, zipped, pause_between, pause_inside, when)
    passes = 2 if schema == "2.09" else 4
    edition = Edition(
        calendar, load(kept), place, Meter(calendar.total * passes, progress), Counter(),
        schema, part, changes_only, defects,
    )  # fmt: skip
    with place.session():
        _write(edition)
    mark_exported(kept, calendar)
    return _summary(edition)


def _write(edition: Edition) -> None:
    _goods(edition)
    _offers(edition)


def _summary(edition: Edition) -> dict[str, int]:
    goods = ("products", "deleted", "services", "without_offer")
    offers = ("offers", "variant_offers", "prices", "stocks", "defects")
    return {
        "groups": len(classifier.group_paths()),
        "properties": len(PROPERTIES),
        "price_types": len(PRICE_TYPES),
        "warehouses": len(WAREHOUSES),
        **{kind: edition.counts[kind] for kind in goods + offers},
        "files": len(edition.folder.names),
    }
