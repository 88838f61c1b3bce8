"""The delta index: what changed is found by key and digest, what vanished is named, nothing is forgotten."""

import numpy as np
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from hub.store.landing import LandingStore
from hub.sync.delta import (
    NULL_DIGEST,
    Growing,
    Index,
    context_digest,
    key_hash,
    read_index,
    rewrite_digests,
    write_index,
)

NAME = ("Товар", "")


def grown(records: dict[str, bytes]) -> Growing:
    made = Growing()
    made.main = "Product"
    keys = np.array([key_hash(key) for key in records], dtype=np.uint64)
    made.extend(keys, b"".join(xxhash.xxh3_128_digest(body) for body in records.values()))
    return made


def compare(index: Index, records: dict[str, bytes]) -> list[bool]:
    keys = np.array([key_hash(key) for key in records], dtype=np.uint64)
    digests = b"".join(xxhash.xxh3_128_digest(body) for body in records.values())
    return index.section(NAME).unchanged(keys, np.frombuffer(digests, dtype=np.uint64).reshape(-1, 2)).tolist()


@pytest.fixture
def store(tmp_path):
    return LandingStore(f"file://{tmp_path}")


def test_unchanged_changed_new_and_vanished(store):
    write_index(store, "one", {NAME: grown({"a": b"1", "b": b"2", "c": b"3"})}, None, "v", {"units": {"796": "шт"}})
    index = read_index(store, "one")
    assert compare(index, {"a": b"1", "b": b"other", "d": b"4"}) == [True, False, False]
    assert index.section(NAME).vanished().tolist() == [key_hash("c")]
    assert index.section(NAME).known(np.array([key_hash("b"), key_hash("d")], dtype=np.uint64)).tolist() == [
        True,
        False,
    ]
    assert (index.tables, index.mapping_version) == ({"units": {"796": "шт"}}, "v")


def test_no_index_is_an_empty_one(store):
    assert compare(read_index(store, None), {"a": b"1"}) == [False]


def test_changes_only_keeps_what_it_does_not_name(store):
    write_index(store, "one", {NAME: grown({"a": b"1", "b": b"2"})}, None, "v", {})
    base = read_index(store, "one")
    assert compare(base, {"b": b"22"}) == [False]
    write_index(store, "two", {NAME: grown({"b": b"22"})}, base, "v", {})
    after = read_index(store, "two")
    assert compare(after, {"a": b"1", "b": b"22"}) == [True, True]
    assert len(after.section(NAME).vanished()) == 0


def test_a_section_that_changes_do_not_touch_stays(store):
    write_index(store, "one", {NAME: grown({"a": b"1"}), ("Предложение", "rests"): grown({"a": b"9"})}, None, "v", {})
    write_index(store, "two", {NAME: grown({"a": b"2"})}, read_index(store, "one"), "v", {})
    assert set(read_index(store, "two").sections) == {NAME, ("Предложение", "rests")}


def test_null_digest_is_always_changed_and_still_there(store):
    write_index(store, "one", {NAME: grown({"a": b"1", "b": b"2"})}, None, "v", {})
    rewrite_digests(store, "one", {NAME: np.array([key_hash("a")], dtype=np.uint64)})
    index = read_index(store, "one")
    assert index.digest(NAME, key_hash("a")) == NULL_DIGEST
    assert index.digest(NAME, key_hash("nowhere")) is None
    assert compare(index, {"a": b"1", "b": b"2"}) == [False, True]
    assert len(index.section(NAME).vanished()) == 0


def test_repeated_keys_with_different_digests_are_found():
    made = grown({"a": b"1", "b": b"2"})
    made.extend(
        np.array([key_hash("a"), key_hash("b")], dtype=np.uint64),
        xxhash.xxh3_128_digest(b"other") + xxhash.xxh3_128_digest(b"2"),
    )
    assert made.repeated() == {key_hash("a")}


def test_context_digest_sees_only_what_a_mapping_needs():
    tables = {"units": {"1": "шт"}, "properties": {"p": "Цвет"}}
    before = context_digest(tables, ("properties",))
    tables["units"]["1"] = "кг"
    assert context_digest(tables, ("properties",)) == before
    tables["properties"]["p"] = "Размер"
    assert context_digest(tables, ("properties",)) != before


records = st.dictionaries(st.text(min_size=1, max_size=4), st.binary(min_size=1, max_size=3), max_size=30)


@given(old=records, new=records)
def test_the_index_agrees_with_a_dictionary(tmp_path_factory, old, new):
    store = LandingStore(f"file://{tmp_path_factory.mktemp('index')}")
    write_index(store, "old", {NAME: grown(old)}, None, "v", {})
    index = read_index(store, "old")
    assert compare(index, new) == [old.get(key) == body for key, body in new.items()]
    assert sorted(index.section(NAME).vanished().tolist()) == sorted(key_hash(k) for k in old if k not in new)
