"""What the README and the guides tell people to type works, and what they name exists."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connectors.xml import parse
from hub.console.command import app
from hub.console.preview import preview
from mappings import registry
from mappings.converters import CONVERTERS, converter
from mappings.grammar import load
from mappings.mapping import Mapping
from mappings.reading import Context

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += sorted((ROOT / "docs/guides").glob("*.md"))
EXAMPLE = ROOT / "docs/guides/example/import0_1.xml"
GUIDE = ROOT / "docs/guides/add-a-mapping.md"
GOODS = ROOT / "mappings/commerceml/Товар.in.yml"
MADE = (".airflow/", ".venv/")  # by a run


def said(page: Path) -> Iterator[str]:
    """Each line of a page's fenced blocks, and each of its inline code spans."""
    text = page.read_text("utf-8")
    blocks = re.findall(r"^ *```\n(.*?)^ *```", text, re.S | re.M)
    yield from (line.split("#")[0].strip() for block in blocks for line in block.splitlines())
    yield from (" ".join(span.split()) for span in re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.S)))


def commands(start: str) -> list[str]:
    """Every command that begins so, with what `.venv/bin/` is left out."""
    found = {line.removeprefix(".venv/bin/") for page in PAGES for line in said(page)}
    return sorted(line for line in found if line.startswith(f"{start} "))


@pytest.mark.parametrize("command", commands("make"))
def test_each_make_target_exists(command: str) -> None:
    target = next(word for word in command.split()[1:] if "=" not in word)
    assert re.search(rf"^{re.escape(target)}:", (ROOT / "Makefile").read_text(), re.M) or target == "help"


@pytest.mark.parametrize("command", [line for line in commands("hub") if not line.endswith("…")])
def test_each_hub_command_is_one(command: str) -> None:
    words = shlex.split(command)[1:]
    answer = CliRunner().invoke(
        app, ["quarantine", words[1], "--help"] if words[0] == "quarantine" else [words[0], "--help"]
    )
    assert answer.exit_code == 0, answer.output
    for option in [word for word in words if word.startswith("--")]:
        assert option in answer.output, f"{command}: no {option}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_link_and_path_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
    named = [span for span in said(page) if re.fullmatch(r"[\w.-]+/[\w./-]*", span)]
    ours = [path for path in named if (ROOT / path.split("/")[0]).is_dir() and not path.startswith(MADE)]
    assert [path for path in ours if not (ROOT / path).exists()] == []


def test_the_worked_example_is_parked_for_its_new_field() -> None:
    found = preview("erp", [EXAMPLE])
    assert (found["quarantined"], found["unmapped"]) == ({"Товар": 1}, {"Товар/СрокГодности": 1})


def test_one_line_makes_the_example_clean(tmp_path: Path) -> None:
    line = "  - СрокГодности\n"
    assert line in GUIDE.read_text("utf-8")
    assert line in (ROOT / "README.md").read_text("utf-8")
    written = tmp_path / GOODS.name
    written.write_text(GOODS.read_text("utf-8") + line, "utf-8")
    reading = Mapping(load(written)).read(record(), parse, Context("erp"))
    assert [type(entity).__name__ for entity in reading.entities] == ["Product"]


def test_the_converter_of_the_guide_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.inbound("commerceml", "Товар")
    monkeypatch.setattr("mappings.converters.CONVERTERS", CONVERTERS)
    guide = GUIDE.read_text("utf-8")
    code = re.search(r"```python\n(.*?)```", guide, re.S)
    line = re.search(r"^ +description: .*\n", guide, re.M)
    assert code
    assert line
    exec(code[1], {"converter": converter})
    try:
        mapping = re.sub(r"^ +description: .*\n", line[0], GOODS.read_text("utf-8"), flags=re.M) + "  - СрокГодности\n"
        (tmp_path / GOODS.name).write_text(mapping, "utf-8")
        body = record().replace("</Товар>".encode(), "<ОписаниеДляСайта> Крепкий </ОписаниеДляСайта></Товар>".encode())
        (product,) = Mapping(load(tmp_path / GOODS.name)).read(body, parse, Context("erp")).entities
    finally:
        del CONVERTERS["commerceml.site_description"]
    assert product.description == "Крепкий"  # type: ignore[attr-defined]


def record() -> bytes:
    """The one product of the example."""
    found = re.search("<Товар>.*</Товар>", EXAMPLE.read_text("utf-8"), re.S)
    assert found
    return found[0].encode()


def test_the_preview_of_the_readme_runs_as_typed() -> None:
    assert f"hub preview erp {EXAMPLE.relative_to(ROOT)}" in commands("hub")
    command = [sys.executable, "-m", "hub.console", "preview", "erp", str(EXAMPLE.relative_to(ROOT))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert "Товар/СрокГодности" in done.stdout


def test_the_price_of_the_readme_is_one_of_the_sandbox(tmp_path: Path) -> None:
    typed = next(line for line in commands("make") if line.startswith("make price"))
    found = re.fullmatch(r"make price SKU=(\S+) PRICE=(\d+)", typed)
    assert found
    for verb in (["drop", "--products", "1000"], ["price", found[1], found[2]]):
        command = [sys.executable, "-m", "sandbox", verb[0], "--dir", str(tmp_path), *verb[1:]]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_the_picture_is_small_enough() -> None:
    assert (ROOT / "docs/pictures/hub-page.png").stat().st_size <= 300_000
