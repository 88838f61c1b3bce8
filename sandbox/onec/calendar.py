"""Which products exist on a day and what happened to them since the first."""

from dataclasses import dataclass

from sandbox.onec.dice import happens, mix

CHANGED, VANISHED = 0x5A5A, 0xA5A5


@dataclass(frozen=True, slots=True)
class Calendar:
    """Day 1 holds `products`; each later day changes, drops and adds a share (0…1) of them."""

    products: int
    seed: int = 1
    day: int = 1
    changed: float = 0.01
    vanished: float = 0.005
    new: float = 0.005

    @property
    def per_day(self) -> int:
        """How many products are added each day after the first."""
        return round(self.products * self.new)

    @property
    def total(self) -> int:
        """Indices ever given out up to this day; those that vanished are still counted."""
        return self.products + (self.day - 1) * self.per_day

    def born(self, index: int) -> int:
        """The day a product first appears."""
        return 1 if index < self.products else 2 + (index - self.products) // self.per_day

    def _hit(self, index: int, day: int, event: int, share: float) -> bool:
        return happens(mix(index * 4096 + day) ^ event ^ (self.seed << 20), share)

    def vanishing(self, index: int) -> int | None:
        """The day a product left the catalogue, or None while it is in it."""
        days = range(self.born(index) + 1, self.day + 1)
        return next((day for day in days if self._hit(index, day, VANISHED, self.vanished)), None)

    def alive(self, index: int) -> bool:
        """Whether a product stands in this day's full export."""
        return self.day == 1 or self.vanishing(index) is None

    def changes(self, index: int) -> tuple[int, ...]:
        """The days on which a product was changed."""
        if self.day == 1:
            return ()
        days = range(self.born(index) + 1, self.day + 1)
        return tuple(day for day in days if self._hit(index, day, CHANGED, self.changed))

    def touched_today(self, index: int) -> bool:
        """Whether a changes-only export of this day names the product: changed, new or gone today."""
        if self.day == 1 or self.born(index) == self.day or self.vanishing(index) == self.day:
            return True
        return self.day in self.changes(index) and self.alive(index)
