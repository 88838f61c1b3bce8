"""The house keeps its own rules: names, sizes, locks."""

import ast
import importlib.util
import statistics
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from launch import locks

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("canonical_model", "connectors", "mappings", "hub", "sandbox", "launch")
FORBIDDEN = {"utils", "common", "core", "helpers", "manager", "process_data"}


def tracked(suffix: str = "") -> list[Path]:
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in files.split("\0") if name.endswith(suffix) and (ROOT / name).is_file()]


def product_files() -> list[Path]:
    return [path for path in tracked(".py") if path.relative_to(ROOT).parts[0] != "tests"]


def functions() -> Iterator[tuple[str, int]]:
    for path in product_files():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path.relative_to(ROOT)}:{node.name}", (node.end_lineno or 0) - node.lineno + 1


@pytest.mark.parametrize("package", PACKAGES)
def test_package_resolves_inside_the_repository(package: str) -> None:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).is_relative_to(ROOT)


@pytest.mark.parametrize("folder", ["dags", "plugins", "tests"])
def test_folder_that_airflow_or_pytest_puts_on_the_path_is_no_package(folder: str) -> None:
    assert [path for path in tracked("__init__.py") if path.relative_to(ROOT).parts[0] == folder] == []


def test_no_name_that_says_nothing() -> None:
    vague = [path for path in tracked() if {p.removesuffix(".py") for p in path.relative_to(ROOT).parts} & FORBIDDEN]
    assert vague == []


def test_every_import_package_is_checked_by_mypy_and_by_the_floors() -> None:
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    assert set(PACKAGES) <= set(tool["mypy"]["packages"])
    assert set(PACKAGES) == set(tool["importlinter"]["root_packages"])


def test_locks_are_current_and_contain_no_url() -> None:
    assert locks.complaints(ROOT) == []


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_pin_is_followed_by_a_hash(lock: str) -> None:
    lines = (ROOT / lock).read_text("utf-8").splitlines()
    pins = [i for i, line in enumerate(lines) if locks.PIN.match(line)]
    assert len(pins) > 20
    assert [lines[i] for i in pins if not lines[i + 1].strip().startswith("--hash=sha256:")] == []


def test_no_product_file_over_400_lines_and_no_function_over_60() -> None:
    files = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in product_files()}
    assert {name: lines for name, lines in files.items() if lines > 400} == {}
    assert {name: lines for name, lines in functions() if lines > 60} == {}


def test_sizes_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [len(path.read_text("utf-8").splitlines()) for path in product_files()]
    lengths = sorted(length for _, length in functions())
    files = f"{len(lines)} product files, median {statistics.median(lines):.0f} lines (aim 120), largest {max(lines)}"
    p90 = lengths[int(len(lengths) * 0.9)]
    of_functions = f"functions median {statistics.median(lengths):.0f} (aim 10), p90 {p90} (aim 30)"
    with capsys.disabled():
        print(f"\n{files}; {of_functions}")
    assert lines
    assert lengths
