"""What one export is made of, and which records it names."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from sandbox.onec import wording
from sandbox.onec.calendar import Calendar
from sandbox.onec.catalogue import Offer, Product, product
from sandbox.onec.offers import price_texts
from sandbox.onec.state import Overrides
from sandbox.onec.writing import Folder, Meter


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

    def shown(self, item: Product) -> tuple[Offer, ...]:
        """The offers of a product that are exported."""
        return item.offers if self.offered(item) else ()

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
        for offer in self.shown(item):
            self.counts["offers"] += 1
            self.counts["variant_offers"] += "#" in offer.id
            self.counts["prices"] += sum(1 for _ in price_texts(offer, self.overrides.prices))
            self.counts["stocks"] += len(offer.stock)
            self.counts["defects"] += self.defective(item)
