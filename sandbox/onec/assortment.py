"""What the retailer deals in: groups, properties, units, price types, warehouses, makers."""

from dataclasses import dataclass
from functools import cache

from sandbox.onec.dice import guid

GROUP, PROPERTY, VALUE, PRICE_TYPE, WAREHOUSE, MAKER = 1, 2, 3, 4, 5, 6
CATALOGUE_ID = "bd72d8f9-55bc-11d9-848a-00112f43529a"
OWNER_ID = "ef8f948c-8403-11da-9ae9-000d884f5d77"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure as OKEI names it; 1C pads the code to four characters."""

    code: str
    full: str
    international: str
    short: str
    whole: bool = True


PIECE = Unit("796", "Штука", "PCE", "шт")
KILOGRAM = Unit("166", "Килограмм", "KGM", "кг", whole=False)
PACK = Unit("778", "Упаковка", "NMP", "упак")
UNITS = (PIECE, KILOGRAM, PACK)


@dataclass(frozen=True, slots=True)
class Section:
    """A leaf group with what lies in it: nouns, unit, VAT text and the traits its variants differ by."""

    path: tuple[str, ...]
    nouns: tuple[str, ...]
    unit: Unit = PIECE
    vat: str = "22"
    traits: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The group's identifier: the same in every export, whatever the seed."""
        return group_id(self.path)


@cache
def group_id(path: tuple[str, ...]) -> str:
    """The identifier of the group at a path of names."""
    number = int.from_bytes("/".join(path).encode(), "big") % ((1 << 61) - 1)
    return guid(GROUP, number)


def _section(path: str, nouns: str, unit: Unit = PIECE, vat: str = "22", traits: str = "") -> Section:
    return Section(tuple(path.split("/")), tuple(nouns.split(", ")), unit, vat, tuple(traits.split()))


SECTIONS = (
    _section("Одежда/Женская одежда/Платья и юбки", "Платье, Юбка, Сарафан", traits="Размер Цвет"),
    _section("Одежда/Женская одежда/Верхняя одежда", "Пальто женское, Куртка женская", traits="Размер Цвет"),
    _section("Одежда/Мужская одежда", "Рубашка, Брюки, Джемпер", traits="Размер Цвет"),
    _section("Одежда/Детская одежда", "Комбинезон детский, Футболка детская", vat="10", traits="Размер"),
    _section("Обувь/Женская обувь", "Ботинки женские, Туфли, Сапоги", traits="Размер"),
    _section("Обувь/Мужская обувь", "Кроссовки, Ботинки мужские", traits="Размер"),
    _section("Бытовая техника/Кухня/Приготовление", "Чайник, Блендер, Мультиварка", traits="Цвет"),
    _section("Бытовая техника/Кухня/Холодильники", "Холодильник, Морозильный ларь"),
    _section("Бытовая техника/Уборка", "Пылесос, Пароочиститель"),
    _section("Электроника/Смартфоны и связь", "Смартфон, Телефон кнопочный", traits="Память Цвет"),
    _section("Электроника/Звук", "Наушники, Колонка портативная", traits="Цвет"),
    _section("Дом и сад/Текстиль", "Плед, Комплект белья, Полотенце", traits="Размер"),
    _section("Дом и сад/Инструмент", 'Дрель, Набор ключей, Лампа "Мастер"'),
    _section("Дом и сад/Расходные материалы", "Салфетки, Батарейки, Пакеты", PACK),
    _section("Продукты/Бакалея", "Крупа гречневая, Макароны, Мука", PACK, "10"),
    _section("Продукты/Овощи и фрукты", "Яблоки, Картофель, Мандарины", KILOGRAM, "10"),
    _section("Продукты/Сыры", "Сыр Российский, Сыр <Гауда>", KILOGRAM, "10"),
    _section("Спорт/Туризм", "Рюкзак, Палатка, Спальный мешок", traits="Цвет"),
)
SERVICES = _section("Услуги", "Доставка, Подъём на этаж, Сборка, Подключение", vat="Без НДС")

TRAITS = {
    "Размер": ("42", "44", "46", "48", "50", "XS/S", "M", "L", "XL", "38,5"),
    "Цвет": ("красный", "синий", "чёрный", "белый", "зелёный", "серый", "бежевый"),
    "Память": ("64 ГБ", "128 ГБ", "256 ГБ", "512 ГБ"),
}
MAKERS = ("Север", "Лёгкий шаг", "ТехноМир", "Уют & Дом", "Аврора", "Прометей", "Байкал", "Ритм", "ООО «Кедр»")
ADJECTIVES = ("новый сезон", "классика", "про", "комфорт", "лайт", "эко", "премиум", "город", "макс", "мини")
SENTENCES = (
    "Практичная модель для ежедневного использования.",
    "Качественные материалы и надёжная фурнитура.",
    "Размеры упаковки: 30×20×10 см, вес брутто < 2 кг.",
    "Гарантия производителя & сервис по всей России.",
    "Подходит для дома и офиса.",
    "Экономичный расход энергии, класс А++.",
    "Сохраняет форму при перевозке.",
    "Лёгкий уход: стирка при 30 °C.",
)


@dataclass(frozen=True, slots=True)
class Property:
    """A property of goods: a reference book of values (given by guid), a number or a plain text."""

    number: int
    name: str
    type: str
    values: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The property's identifier."""
        return guid(PROPERTY, self.number)

    def value_id(self, place: int) -> str:
        """The identifier of the value at a place of the reference book."""
        return guid(VALUE, self.number * 1000 + place)


BOOK, NUMBER, TEXT = "Справочник", "Число", "Строка"
PROPERTIES = (
    Property(0, "Материал", BOOK, ("Хлопок", "Кожа", "Полиэстер", "Металл", "Пластик", "Дерево <массив>", "Шерсть")),
    Property(1, "Страна производства", BOOK, ("РОССИЯ", "КИТАЙ", "БЕЛАРУСЬ", "ТУРЦИЯ", "КОРЕЯ, РЕСПУБЛИКА")),
    Property(2, "Сезон", BOOK, ("Зима", "Лето", "Демисезон", "Всесезон")),
    Property(3, "Вес, кг", NUMBER),
    Property(4, "Гарантия, мес.", NUMBER),
    Property(5, "Модель", TEXT),
)


@dataclass(frozen=True, slots=True)
class Named:
    """Something with an identifier and a name."""

    id: str
    name: str


PRICE_TYPES = tuple(
    Named(guid(PRICE_TYPE, place), name) for place, name in enumerate(("Розничная", "Оптовая", "Акционная"))
)
WAREHOUSES = tuple(
    Named(guid(WAREHOUSE, place), name)
    for place, name in enumerate(("Центральный склад", "Магазин «Невский»", "Магазин «Тверская»", "Склад Юг"))
)
