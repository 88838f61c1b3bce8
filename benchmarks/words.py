"""Names that the generated catalogue is made of: Cyrillic, with the characters that XML must escape."""

import hashlib


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GROUPS = 200
PRICE_TYPES = ("Розничная", "Оптовая", "Акционная")
STORES = ("Центральный склад", "Магазин на Лесной", "Магазин на Набережной", "Склад интернет-магазина")
PROPERTIES = ("Цвет", "Материал", "Размер", "Страна", "Сезон", "Гарантия, мес.", "Вес, кг", "Для кого")
NOUNS = _words(
    "Кружка Тарелка Ложка Скатерть Полка Комод Зеркало Фонарь Термос Палатка Гамак Самокат Мяч Ракетка Шапка Шарф"
)
TRAITS = _words(
    "складная лёгкая прочная детская дорожная садовая зимняя летняя узкая широкая тёплая яркая тихая гладкая"
)
BRANDS = (
    "Ладога",
    "Тихий дом",
    "Свет & Тень",
    "Онега",
    "Берег",
    "Сова",
    "Ёж",
    "Радуга",
    "Маяк",
    "Опора",
    "Ветер",
    "Клён",
)
COLOURS = ("белый", "чёрный", "красный", "синий", "зелёный", "жёлтый", "серый", "коричневый")
MATERIALS = ("дерево <дуб>", "сталь", "стекло", "хлопок", "лён", "керамика", "пластик", "шерсть")
COUNTRIES = ("Россия", "Беларусь", "Китай", "Турция", "Узбекистан", "Армения")
SEASONS = ("круглый год", "лето", "зима", "осень")
_SAID = _words(
    "изделие для дома и дачи служит долго не боится воды легко моется складывается в сумку подходит в "
    "подарок сделано из проверенных материалов швы укреплены края обработаны вручную цвет не выгорает на "
    "солнце размер указан на ярлыке упаковка из картона можно хранить на балконе гарантия производителя "
    "два года"
)


def identifier(kind: str, number: int) -> str:
    """An identifier as 1C makes them, the same for the same kind and number."""
    text = hashlib.blake2b(f"{kind}{number}".encode(), digest_size=16).hexdigest()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def sentence(number: int) -> str:
    """One of 256 sentences of ten words."""
    start = number * 7 % len(_SAID)
    words = [_SAID[(start + step * (1 + number % 5)) % len(_SAID)] for step in range(10)]
    return " ".join(words).capitalize() + "."


SENTENCES = tuple(sentence(number) for number in range(256))
GROUP_IDS = tuple(identifier("group", number) for number in range(GROUPS))
PRICE_TYPE_IDS = tuple(identifier("price type", number) for number in range(len(PRICE_TYPES)))
STORE_IDS = tuple(identifier("store", number) for number in range(len(STORES)))
PROPERTY_IDS = tuple(identifier("property", number) for number in range(len(PROPERTIES)))
BRAND_IDS = tuple(identifier("brand", number) for number in range(len(BRANDS)))
