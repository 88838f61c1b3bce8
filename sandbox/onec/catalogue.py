"""One product with its offers, as a pure function of seed, index and the days it was changed on."""

from dataclasses import dataclass

from sandbox.onec.assortment import (
    ADJECTIVES,
    MAKERS,
    PROPERTIES,
    SECTIONS,
    SENTENCES,
    SERVICES,
    TRAITS,
    WAREHOUSES,
    Section,
)
from sandbox.onec.calendar import Calendar
from sandbox.onec.dice import ean13, guid, mix, product_guid

VARIANT = 7


@dataclass(frozen=True, slots=True)
class Offer:
    """What is sold: prices in kopecks by price type (None: not set), stock in thousandths by warehouse."""

    id: str
    traits: tuple[tuple[str, str], ...]
    barcode: str
    prices: tuple[int | None, ...]
    stock: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """A product of the catalogue; `roll` are its 64 random bits."""

    index: int
    id: str
    roll: int
    section: Section
    name: str
    article: str
    barcode: str
    maker: int
    vat: str
    deleted: bool
    offers: tuple[Offer, ...]

    @property
    def service(self) -> bool:
        """Whether this is a service and not goods."""
        return self.section is SERVICES


def own_article(seed: int, index: int) -> str:
    """The article that a product would have if no two shared one."""
    return f"{MAKERS[mix(seed << 40 | index) % len(MAKERS)][:2].upper().strip()}-{index:07d}"


def article(seed: int, index: int) -> str:
    """A product's article: about 4 % are empty, about 4 % repeat their neighbour's."""
    draw = mix(seed << 41 | index) % 50
    if index < 2 or draw > 3:
        return own_article(seed, index)
    return "" if draw < 2 else own_article(seed, index - 1)


def _barcode(index: int, roll: int) -> str:
    """None for a quarter, in-store 2x for an eighth, a wrong check digit for one in fifty, else a valid EAN-13."""
    draw = roll >> 7 & 0xFF
    if draw < 64:
        return ""
    code = ean13("29" if draw < 96 else "46", index)
    if roll >> 15 & 0xFF < 5:
        return code[:12] + str((int(code[12]) + 1) % 10)
    return code


def _prices(roll: int, bumps: int) -> tuple[int | None, ...]:
    retail = roll % 4_900_000 + 9_900
    retail -= retail % (100 if roll & 4 else 50)
    retail += bumps * 1_000
    return retail, retail * 8 // 10, retail * 9 // 10 if roll & 3 == 0 else None


def _stock(roll: int, bumps: int, whole: bool) -> tuple[int, ...]:
    quantities = [(roll >> 5 * place & 31) * 1000 for place in range(len(WAREHOUSES))]
    if not whole:
        quantities = [quantity and quantity + (roll >> 3 & 3) * 250 for quantity in quantities]
    quantities[0] += bumps * 1000
    return tuple(quantities)


def _traits(section: Section, roll: int, place: int) -> tuple[tuple[str, str], ...]:
    first, *rest = section.traits
    pairs = [(first, TRAITS[first][(roll + place) % len(TRAITS[first])])]
    pairs += [(name, TRAITS[name][(roll >> 8) % len(TRAITS[name])]) for name in rest]
    return tuple(pairs)


def _offers(
    index: int, product_id: str, section: Section, roll: int, price_bumps: int, stock_bumps: int
) -> tuple[Offer, ...]:
    draw = mix(roll ^ 0x77)
    if not section.traits or (draw % 4 and index != 1):
        prices = _prices(draw >> 8, price_bumps)
        stock = () if section is SERVICES else _stock(draw, stock_bumps, section.unit.whole)
        return (Offer(product_id, (), "", prices, stock),)
    offers = []
    for place in range(2 + draw % 3):
        own = mix(draw + place + 1)
        variant = f"{product_id}#{guid(VARIANT, index * 8 + place)}"
        barcode = ean13("47", index * 8 + place) if roll & 1 else ""
        bumps = (price_bumps, stock_bumps) if place == 0 else (0, 0)
        offers.append(
            Offer(variant, _traits(section, draw, place), barcode, _prices(own, bumps[0]), _stock(own, bumps[1], True))
        )
    return tuple(offers)


def _section(index: int, roll: int) -> Section:
    if index % 250 == 5:
        return SERVICES
    return SECTIONS[0] if index == 1 else SECTIONS[(roll >> 24) % len(SECTIONS)]


def _vat(section: Section, roll: int) -> str:
    draw = roll >> 40 & 0x7F
    return {0: "0", 1: "Без НДС"}.get(draw, section.vat)


def _bumps(index: int, days: tuple[int, ...]) -> tuple[int, int, int]:
    """How often the name, the first offer's prices and its stock were changed."""
    kinds = [mix(index * 64 + day) % 4 for day in days]
    return kinds.count(0), kinds.count(1) + kinds.count(2), kinds.count(3)


def product(calendar: Calendar, index: int) -> Product:
    """The product at an index as it stands on the calendar's day."""
    seed = calendar.seed
    roll = mix(seed << 40 | index)
    section = _section(index, roll)
    identifier = product_guid(seed, index)
    renamed, repriced, restocked = _bumps(index, calendar.changes(index))
    maker = roll % len(MAKERS)
    noun, adjective = section.nouns[(roll >> 4) % len(section.nouns)], ADJECTIVES[(roll >> 12) % len(ADJECTIVES)]
    name = f"{noun} {adjective} {MAKERS[maker]} {index}{' (новая коллекция)' * min(renamed, 1)}"
    if renamed > 1:
        name += f" {renamed}"
    special = roll >> 48 & 0x3FF if index > 1 else 0x3FF
    bare = special < 8
    offers = () if bare else _offers(index, identifier, section, roll, repriced, restocked)
    if bare and (repriced or restocked):
        name += f" вып. {repriced + restocked}"
    return Product(
        index, identifier, roll, section, name, article(seed, index), _barcode(index, roll), maker,
        _vat(section, roll), special < 3, offers,
    )  # fmt: skip


def description(item: Product) -> str:
    """Two sentences, or nothing for a fifth of the products."""
    draw = item.roll >> 30
    if draw % 5 == 0:
        return ""
    return f"{SENTENCES[draw % len(SENTENCES)]} {SENTENCES[(draw >> 4) % len(SENTENCES)]}"


def pictures(item: Product) -> tuple[str, ...]:
    """Paths relative to the export's folder, as 1C writes them: none, one or two."""
    plain = item.id.replace("-", "")
    count = (0, 1, 1, 2)[item.roll >> 20 & 3]
    return tuple(f"import_files/{plain[:2]}/{plain}_{place + 1}.jpg" for place in range(count))


def property_values(item: Product) -> tuple[tuple[str, str], ...]:
    """Pairs of property and value: a guid for a reference book, a decimal comma in numbers, some empty."""
    roll, pairs = item.roll >> 9, []
    for place, entry in enumerate(PROPERTIES):
        draw = roll >> place * 7
        if draw % 6 == 0:
            continue
        if entry.values:
            value = entry.value_id(draw % len(entry.values)) if draw % 7 else ""
        else:
            value = (f"{draw % 20},{draw % 1000:03d}", str(draw % 37), f"М-{draw % 9999}")[place - 3]
        pairs.append((entry.id, value))
    return tuple(pairs)
