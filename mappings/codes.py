"""A shop's unique codes: the article, made different where articles repeat or are empty. Pure; the engine allocates.

A code is given once and kept. Real exports repeat articles (132 on 274 of 1 197 products) and leave them empty.
"""

from __future__ import annotations

from collections.abc import Iterator

SHORT = 8


def candidates(article: str | None, source_id: str) -> Iterator[str]:
    """Yield codes from the most wanted to the longest; the first one that nobody holds is taken.

    The article; the article with the first 8 characters of the id before '#' (a variation also of the part after
    it); the same with ever more of the id. Without an article the id stands alone. White space is made single, as
    shops do.

    Args:
        article: what the source calls the article, may be empty.
        source_id: the source's own id, `товар` or `товар#характеристика`.
    """
    stem = " ".join((article or "").split())
    product, _, variant = source_id.partition("#")
    parts = ["".join(part.split()) for part in (product, variant) if part.strip()]
    if stem:
        yield stem
    longest = max((len(part) for part in parts), default=0)
    for length in [*range(SHORT, longest, 4), longest] if longest > SHORT else [longest]:
        yield "-".join([stem, *(part[:length] for part in parts)] if stem else [part[:length] for part in parts])
