"""Products of the generated catalogue, each a pure function of its number and of the day."""

from typing import NamedTuple

from benchmarks import words

# In a thousand of them: ten change from day 1 to day 2, five vanish, and as many are new.
_OF = 1000
_STEP = 617
_CHANGED = range(10)
_VANISHED = range(500, 505)


class Product(NamedTuple):
    """What one product says in import.xml and offers.xml; money in kopecks, all else as written."""

    id: str
    article: str
    barcode: str
    name: str
    description: str
    brand: int
    group: int
    vat: str
    properties: tuple[str, ...]
    prices: tuple[int, ...]
    stock: tuple[int, ...]


def is_changed(number: int) -> bool:
    """Whether this product of day 1 differs on day 2: exactly 1 % of any thousand in a row."""
    return number * _STEP % _OF in _CHANGED


def is_vanished(number: int) -> bool:
    """Whether this product of day 1 is missing on day 2: exactly 0.5 % of any thousand in a row."""
    return number * _STEP % _OF in _VANISHED


def changes_goods(number: int) -> bool:
    """A changed product changes its name or its offer: one in four, by turns, its name."""
    return is_changed(number) and number // 4 % 4 == 0


def numbers(count: int, day: int) -> list[int]:
    """The products that stand in the export of a day; `count` on both days."""
    if day == 1:
        return list(range(count))
    kept = [number for number in range(count) if not is_vanished(number)]
    return kept + list(range(count, 2 * count - len(kept)))


def product(number: int, day: int, count: int) -> Product:
    """One product as the export of `day` has it; `count` is the size of day 1."""
    mixed = number * 0x9E3779B97F4A7C15 >> 3 & 0xFFFFFFFFFFFF
    differs = day > 1 and number < count and is_changed(number)
    renamed = differs and changes_goods(number)
    brand = mixed % 12
    price = 1_000 + (mixed >> 5) % 4_000_000 + (100 if differs and not renamed else 0)
    name = f"{words.NOUNS[mixed >> 9 & 15]} {words.TRAITS[(mixed >> 13) % 14]} «{words.BRANDS[brand]}» {number}"
    return Product(
        id=words.identifier("product", number),
        article=f"{words.BRANDS[brand][:2].upper()}-{number:07d}",
        barcode=_ean13(number),
        name=f"{name} (новинка)" if renamed else name,
        description="\n".join(words.SENTENCES[(mixed >> 7) + step * 37 & 255] for step in range(5)),
        brand=brand,
        group=(mixed >> 17) % words.GROUPS,
        vat="10" if mixed >> 20 & 7 == 0 else "22",
        properties=_properties(mixed),
        prices=(price, price * 8 // 10, price * 9 // 10),
        stock=(mixed >> 21 & 63, mixed >> 27 & 15, mixed >> 31 & 15, mixed >> 35 & 31),
    )


def _properties(mixed: int) -> tuple[str, ...]:
    return (
        words.COLOURS[mixed >> 4 & 7],
        words.MATERIALS[mixed >> 8 & 7],
        str(36 + (mixed >> 11) % 24),
        words.COUNTRIES[(mixed >> 16) % 6],
        words.SEASONS[mixed >> 19 & 3],
        str((mixed >> 23) % 37),
        f"{(mixed >> 25) % 9_000 / 1000:.3f}",
        "взрослым" if mixed >> 30 & 1 else "детям",
    )


def _ean13(number: int) -> str:
    """A barcode of Russia's prefix with a check digit that is right."""
    digits = f"460{number:09d}"
    weighed = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return digits + str(-weighed % 10)
