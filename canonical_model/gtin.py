"""GTIN: GS1's trade item numbers, always text.

Source of the rules: GS1 General Specifications, §1.4.2 (restricted circulation numbers), §7.9 (check digit).
"""

from functools import lru_cache

LENGTHS = (8, 12, 13, 14)


def check_digit(body: str) -> str:
    """Return the check digit of a GTIN without its last digit: weights 3, 1, 3… from the right."""
    digits = body.encode()
    total = 3 * sum(digits[-1::-2]) + sum(digits[-2::-2])
    # 48 is the code of "0".
    zeros = 48 * (3 * ((len(digits) + 1) // 2) + len(digits) // 2)
    return str((zeros - total) % 10)


def is_valid(code: str) -> bool:
    """Tell whether a code has the length and check digit of a GTIN-8, -12, -13 or -14."""
    return len(code) in LENGTHS and code.isascii() and code.isdigit() and check_digit(code[:-1]) == code[-1]


def is_in_store(code: str) -> bool:
    """Tell whether a number circulates only inside one company: EAN-13 beginning with 2 (or 02, 04), EAN-8 with 0 or 2.

    GTIN-12 of the ranges 2 and 4 are their twins without the leading zero.
    """
    if len(code) == 8:
        return code[0] in "02"
    thirteen = code[-13:].rjust(13, "0")
    return thirteen[0] == "2" or thirteen[:2] in ("02", "04")


@lru_cache(maxsize=256)
def is_gtin(code: str) -> bool:
    """Tell whether a barcode may stand in a field that trading partners read as GTIN."""
    return is_valid(code) and not is_in_store(code)
