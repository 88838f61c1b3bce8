"""Money: exact amounts with a currency; never floats."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext

from canonical_model.codes import currencies


def exponent(currency: str) -> int:
    """Return how many digits the currency's minor unit has (RUB 2, JPY 0, KWD 3).

    Raises:
        ValueError: not a currency of ISO 4217, or one without a minor unit (XAU).
    """
    found = currencies().get(currency)
    if found is None:
        message = f"{currency!r} has no minor unit; allowed: ISO 4217 currencies that have one"
        raise ValueError(message)
    return found


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Round an amount to the currency's minor unit, halves away from zero.

    Raises:
        ValueError: as `exponent`.
    """
    with localcontext() as exact:
        exact.prec = 60
        return amount.quantize(Decimal(1).scaleb(-exponent(currency)), rounding=ROUND_HALF_UP)


def minor(amount: Decimal, currency: str) -> int:
    """Return an amount in minor units (kopecks).

    Raises:
        ValueError: it is finer than the minor unit, or as `exponent`.
    """
    exact = rounded(amount, currency)
    if exact != amount:
        message = f"{amount} {currency} is finer than its minor unit"
        raise ValueError(message)
    return int(exact.scaleb(exponent(currency)))


def from_minor(units: int, currency: str) -> Decimal:
    """Return the amount of so many minor units.

    Raises:
        ValueError: as `exponent`.
    """
    return Decimal(units).scaleb(-exponent(currency))
