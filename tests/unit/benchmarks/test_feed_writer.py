"""The feed by template and by connector say the same, offer for offer."""

from pathlib import Path

from lxml import etree

from benchmarks.tasks.feed_writer import Watch, connector, template


def test_template_and_connector_write_the_same_offers(tmp_path: Path) -> None:
    plain, real = template(Watch(), 30, tmp_path), connector(Watch(), 30, tmp_path)
    assert offers(plain) == offers(real)
    assert len(offers(plain)) == 30


def offers(path: Path) -> list[tuple[str | None, list[tuple[str, str | None, str | None]]]]:
    found = etree.parse(str(path)).getroot().iter("offer")
    return [(one.get("id"), sorted((child.tag, child.get("name"), child.text) for child in one)) for one in found]
