"""One export of the catalogue, streamed: memory does not grow with the number of products."""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from sandbox.onec import classifier, wording
from sandbox.onec.assortment import PRICE_TYPES, PROPERTIES, WAREHOUSES
from sandbox.onec.calendar import Calendar
from sandbox.onec.catalogue import product
from sandbox.onec.edition import Edition
from sandbox.onec.goods import goods_element
from sandbox.onec.offers import offer_element
from sandbox.onec.segments import write_segments
from sandbox.onec.state import load, mark_exported
from sandbox.onec.writing import Folder, Meter, Progress

FIRST_NIGHT = datetime(2026, 11, 23, 3)  # noqa: DTZ001 - 1C writes local time without a zone
SCHEMAS = ("2.09", "3.1")
ENCODINGS = ("utf-8", "windows-1251")


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
                for offer in edition.shown(item):
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
    offers_only: bool = False,
    defects: bool = False,
    pause_between: float = 0.0,
    pause_inside: float = 0.0,
    formed: datetime | None = None,
    progress: Progress | None = None,
) -> dict[str, int]:
    """Write one export into a folder and return what it holds, by kind.

    The same arguments and state give the same bytes; `formed` (1C's local time) is 03:00 of the day unless
    given. `part` is products a file, `offers_only` leaves out everything but prices and stock, pauses are
    seconds, `progress` gets (done, total) in passes over the catalogue.

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
    passes = {"2.09": 2, "3.1": 4}[schema] // (2 if offers_only else 1)
    edition = Edition(
        calendar, load(kept), place, Meter(calendar.total * passes, progress), Counter(),
        schema, part, changes_only, defects,
    )  # fmt: skip
    with place.session():
        if schema == "3.1":
            write_segments(edition, offers_only)
        else:
            if not offers_only:
                _goods(edition)
            _offers(edition)
    mark_exported(kept, calendar, goods=not offers_only)
    return _summary(edition)


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
