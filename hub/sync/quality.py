"""Quality: the row bounds once more as a Great Expectations suite, over a nightly batch's staged rows.

Imported only by the guard's thorough pass: the import costs seconds of CPU. One ephemeral context, pandas frames of at
most 200 000 rows with nothing but the columns under expectation, row-level failures by index. Its own Data Docs load
from public networks, so the result goes into the run's summary and our own page shows it.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")

import great_expectations as gx
import pandas as pd
from great_expectations.expectations.core.expect_column_value_lengths_to_be_between import (
    ExpectColumnValueLengthsToBeBetween,
)
from great_expectations.expectations.core.expect_column_values_to_be_between import ExpectColumnValuesToBeBetween
from great_expectations.expectations.core.expect_column_values_to_match_regex import ExpectColumnValuesToMatchRegex

from canonical_model.entities import ENTITIES
from canonical_model.expectations import Column, expectations
from hub.landscape.hub import Hub
from hub.sync.batches import Batch
from hub.sync.jumps import Jump
from hub.sync.staged import NULL, unescape
from hub.sync.staged_reader import Record, place_of, read_rows

FRAME = 200_000


def suite_of(entity: str) -> Any:
    """Compile an entity's row bounds to a Great Expectations suite."""
    suite = gx.ExpectationSuite(name=entity)
    for name, column in expectations(entity).columns.items():
        for expectation in _expectations(name, column):
            suite.add_expectation(expectation)
    return suite


def _expectations(name: str, column: Column) -> list[Any]:
    found: list[Any] = []
    low = column.above if column.above is not None else column.at_least
    if low is not None or column.at_most is not None:
        found.append(
            ExpectColumnValuesToBeBetween(
                column=name,
                min_value=None if low is None else float(low),
                max_value=None if column.at_most is None else float(column.at_most),
                strict_min=column.above is not None,
            )
        )
    if column.not_blank:
        found.append(ExpectColumnValuesToMatchRegex(column=name, regex=r"\S"))
    if column.longest is not None:
        found.append(ExpectColumnValueLengthsToBeBetween(column=name, max_value=column.longest))
    if column.matches is not None:
        found.append(ExpectColumnValuesToMatchRegex(column=name, regex=f"^(?:{column.matches})$"))
    return found


def judge_quality(hub: Hub, batch: Batch) -> list[Jump]:
    """Validate a batch's staged rows; returns the rows that break an expectation."""
    with tempfile.TemporaryDirectory(prefix="hub-quality-") as folder, _temporary_files_in(folder):
        return _judge(gx.get_context(mode="ephemeral"), hub, batch)


@contextmanager
def _temporary_files_in(folder: str) -> Iterator[None]:
    """An ephemeral context makes a folder for its pages and leaves it behind; here it goes with `folder`."""
    before, tempfile.tempdir = tempfile.tempdir, folder
    try:
        yield
    finally:
        tempfile.tempdir = before


def _judge(context: Any, hub: Hub, batch: Batch) -> list[Jump]:
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_pandas("staged")
    names = [name for name in ENTITIES if expectations(name).columns]
    suites = {name: context.suites.add(suite_of(name)) for name in names}
    definitions = {
        name: context.validation_definitions.add(
            gx.ValidationDefinition(
                name=name,
                data=source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("rows"),
                suite=suites[name],
            )
        )
        for name in names
    }
    found: list[Jump] = []
    kept: dict[str, list[tuple[Record, list[str]]]] = {name: [] for name in names}
    for chunk in read_rows(hub, batch, names):
        for name, rows in chunk.items():
            places = [0, *(place_of(name, column) for column in expectations(name).columns)]
            kept[name] += [
                (record, [cells[at] for at in places]) for record, cells in zip(rows.records, rows.cells, strict=True)
            ]
            if len(kept[name]) >= FRAME - 24_000:
                found += _validate(definitions[name], name, kept[name])
                kept[name] = []
    for name, rest in kept.items():
        if rest:
            found += _validate(definitions[name], name, rest)
    return found


def _validate(definition: Any, name: str, rows: list[tuple[Record, list[str]]]) -> list[Jump]:
    columns = expectations(name).columns
    frame = pd.DataFrame(
        {
            column: _series([None if cells[at] == NULL else cells[at] for _, cells in rows], bounds)
            for at, (column, bounds) in enumerate(columns.items(), start=1)
        }
    )
    result = definition.run(batch_parameters={"dataframe": frame}, result_format="COMPLETE")
    found = []
    for check in result.results:
        column = check.expectation_config.kwargs["column"]
        for at in check.result.get("unexpected_index_list") or ():
            record, cells = rows[at]
            value = cells[1 + list(columns).index(column)]
            reason = f"{column} is {unescape(value)!r}; {check.expectation_config.type} says no"
            found.append(Jump(record, unescape(cells[0]), f"{name}.{column}", reason, "quality"))
    return found


def _series(cells: list[str | None], bounds: Column) -> Any:
    numeric = bounds.above is not None or bounds.at_least is not None or bounds.at_most is not None
    return pd.to_numeric(pd.Series(cells)) if numeric else pd.Series([c and unescape(c) for c in cells], dtype=object)
