"""Deterministic numbers: every fact of the catalogue is a pure function of a seed and a number."""

from functools import lru_cache

MASK = (1 << 64) - 1
_STEP = 0x9E3779B1
_BACK = pow(_STEP, -1, 1 << 32)
MILLION = 1_000_000


def mix(number: int) -> int:
    """A well-scattered 64-bit number (the splitmix64 finaliser)."""
    number = (number + 0x9E3779B97F4A7C15) & MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & MASK
    return number ^ (number >> 31)


@lru_cache(maxsize=4096)
def guid(kind: int, number: int) -> str:
    """The identifier of one thing of a kind, in the time-based form that 1C gives out."""
    scattered = mix(number * 64 + kind)
    low, middle, node = scattered >> 32, scattered >> 16 & 0xFFFF, mix(kind) & 0xFFFFFFFFFFFF
    return f"{low:08x}-{middle:04x}-11ee-80{scattered & 0xFF:02x}-{node:012x}"


def product_guid(seed: int, index: int) -> str:
    """A product's identifier; its first eight characters lead back to the index."""
    low = (index * _STEP + mix(seed)) & 0xFFFFFFFF
    tail = mix(seed * 31 + (index >> 16)) & 0xFFFF
    return f"{low:08x}-{tail:04x}-11ee-8{seed & 0xFFF:03x}-00155d3cae02"


def product_index(seed: int, identifier: str) -> int:
    """The index behind a product's identifier or behind its first eight characters.

    Raises:
        ValueError: the text does not begin with eight hexadecimal digits.
    """
    return (int(identifier[:8], 16) - mix(seed)) * _BACK & 0xFFFFFFFF


def ean13(prefix: str, number: int) -> str:
    """A valid EAN-13: prefix, number padded to twelve digits, check digit (GS1 General Specifications 7.9)."""
    digits = prefix + str(number).zfill(12 - len(prefix))
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return digits + str(-total % 10)


def happens(number: int, share: float) -> bool:
    """Whether a draw falls within a share (0…1) of all draws."""
    return mix(number) % MILLION < round(share * MILLION)
