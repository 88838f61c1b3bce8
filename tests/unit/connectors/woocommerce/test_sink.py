"""What becomes of letters, against the sandbox shop."""

import itertools
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from woo_rig import NoPace, product

from canonical_model.errors import ConfigError
from connectors.protocol import Absent, Done, Letter, Refused, RetryAt, Unknown
from connectors.woocommerce.source import cut


def rows(blobs: Any) -> dict[str, Any]:
    return {raw.id: msgspec.json.decode(raw.body) for blob in blobs for raw in cut(blob.stream, blob.body, blob.media)}


def test_products_are_created_updated_hidden_and_deleted(rig: Any) -> None:
    outcomes = rig.push("product", (product(n) for n in range(250)))
    assert sorted(o.letter.id for o in outcomes) == list(range(250))
    assert all(isinstance(o, Done) and not o.duplicate and o.facts["permalink"] for o in outcomes)
    ids = {o.letter.id: o.target_id for o in outcomes}
    letters = [
        replace(product(1, regular_price="12.00"), op="update", target_id=ids[1]),
        Letter(2, "product", "remove", "K-2", {"status": "draft"}, ids[2]),
        Letter(3, "product", "remove", "K-3", None, ids[3]),
    ]
    assert all(isinstance(o, Done) for o in rig.push("product", letters))
    held = rows(rig.sink.read("product", [ids[1], ids[2], ids[3]]))
    assert (held[ids[1]]["regular_price"], held[ids[2]]["status"]) == ("12.00", "draft")
    assert ids[3] not in held
    assert len(rows(rig.sink.read("product", None))) == 249


def test_the_same_letter_twice_is_one_effect(rig: Any) -> None:
    (first,) = rig.push("product", [product(1)])
    (again,) = rig.push("product", [product(1)])
    assert (again.target_id, again.duplicate) == (first.target_id, True)
    both = rig.push("product", [product(2), replace(product(2), id=3)])
    assert len({o.target_id for o in both}) == 1
    assert [e["effect"] for e in rig.effects()].count("create") == 2


def test_a_code_that_stands_on_someone_elses_row_is_refused(rig: Any) -> None:
    rig.push("product", [product(1, sku="abc")])
    (outcome,) = rig.push("product", [product(2, sku="ABC")])
    assert isinstance(outcome, Refused)
    assert outcome.field == "sku"


def test_one_bad_product_costs_only_itself(rig: Any) -> None:
    outcomes = rig.push("product", [product(1), product(2, regular_price=12.5), product(3)])
    kinds = {o.letter.id: type(o) for o in outcomes}
    assert kinds == {1: Done, 2: Refused, 3: Done}
    refused = next(o for o in outcomes if isinstance(o, Refused))
    assert refused.field == "regular_price"


def test_variations_go_to_their_products(rig: Any) -> None:
    attributes = [{"name": "Размер", "variation": True, "visible": True, "options": ["S", "M"]}]
    parents = rig.push("product", [product(n, type="variable", attributes=attributes) for n in (1, 2)])
    letters = [
        Letter(
            10 * index + number, "variation", "create", f"V-{index}-{size}",
            {"sku": f"V-{index}-{size}", "regular_price": "5.00", "attributes": [{"name": "Размер", "option": size}]},
            parent_id=parent.target_id,
        )
        for index, parent in enumerate(parents)
        for number, size in enumerate("SM")
    ]  # fmt: skip
    outcomes = rig.push("variation", letters)
    assert all(isinstance(o, Done) for o in outcomes)
    ids = [o.target_id for o in outcomes]
    assert {i.partition("/")[0] for i in ids} == {p.target_id for p in parents}
    held = rows(rig.sink.read("variation", ids))
    assert {id_: row["sku"] for id_, row in held.items()} == {o.target_id: o.letter.key for o in outcomes}
    assert set(rows(rig.sink.read("variation", None))) == set(ids)
    assert {type(o) for o in rig.sink.ask("variation", letters)} == {Done}
    first = outcomes[0]
    update = replace(first.letter, op="update", target_id=first.target_id, payload={"regular_price": "6.00"})
    assert isinstance(rig.push("variation", [update])[0], Done)
    assert isinstance(rig.push("variation", [replace(letters[0], parent_id=None)])[0], RetryAt)


def test_a_category_whose_slug_is_taken_is_adopted_not_doubled(rig: Any) -> None:
    letter = Letter(1, "category", "create", "posuda", {"name": "Посуда", "slug": "posuda"})
    (first,) = rig.push("category", [letter])
    renamed = replace(letter, payload={"name": "Посуда и кухня", "slug": "posuda"})
    (again, twin) = rig.push("category", [renamed, replace(renamed, id=2)])
    assert first.target_id == again.target_id == twin.target_id
    assert again.duplicate
    assert rows(rig.sink.read("category", [first.target_id]))[first.target_id]["name"] == "Посуда и кухня"


def test_a_timeout_after_the_commit_is_unknown_and_asking_finds_it(rig: Any) -> None:
    rig.fault("timeout", method="POST", times=1)
    letters = [product(1), product(2)]
    outcomes = rig.push("product", letters)
    assert {type(o) for o in outcomes} == {Unknown}
    found = list(rig.sink.ask("product", [*letters, product(3)]))
    assert {o.letter.id: type(o) for o in found} == {1: Done, 2: Done, 3: Absent}
    assert [e["effect"] for e in rig.effects()].count("create") == 2


def test_an_unanswered_update_is_asked_by_comparing(rig: Any) -> None:
    (done,) = rig.push("product", [product(1)])
    dearer = replace(product(1, regular_price="99.00"), op="update", target_id=done.target_id)
    assert isinstance(next(rig.sink.ask("product", [dearer])), RetryAt)
    rig.fault("timeout", method="POST", times=1)
    assert isinstance(rig.push("product", [dearer])[0], Unknown)
    assert isinstance(next(rig.sink.ask("product", [dearer])), Done)


@pytest.mark.parametrize(("kind", "create", "update"), [("500", Unknown, RetryAt), ("html", Unknown, RetryAt)])
def test_a_failing_shop_is_asked_about_creates_and_given_updates_again(
    rig: Any, kind: str, create: type, update: type
) -> None:
    (done,) = rig.push("product", [product(1)])
    rig.fault(kind, times=1)
    outcomes = rig.push("product", [product(2), replace(product(1), op="update", target_id=done.target_id)])
    assert {o.letter.id: type(o) for o in outcomes} == {1: update, 2: create}


def test_too_many_requests_slow_everybody_down(rig: Any) -> None:
    rig.fault("429", retry_after=7, times=1)
    (outcome,) = rig.push("product", [product(1)])
    assert isinstance(outcome, RetryAt)
    assert (outcome.after_s, rig.pace.slowed) == (7.0, [7.0])


def test_refused_keys_stop_the_push(rig: Any) -> None:
    rig.fault("401")
    with pytest.raises(ConfigError) as caught:
        rig.push("product", [product(1)])
    assert "cs_test_secret" not in str(caught.value)


def test_a_row_deleted_by_hand_is_absent(rig: Any) -> None:
    (done,) = rig.push("product", [product(1)])
    rig.control("edit", {"sku": "K-1", "delete": True})
    letter = replace(product(1), op="update", target_id=done.target_id)
    (outcome,) = rig.push("product", [letter])
    assert isinstance(outcome, Absent), outcome


def test_letters_are_taken_lazily(rig: Any) -> None:
    taken = itertools.count()

    def letters() -> Iterator[Letter]:
        for number in range(4_000):
            next(taken)
            yield product(number)

    stream = rig.sink.push("product", letters())
    next(stream)
    assert next(taken) <= 1_900
    stream.close()


def test_sixteen_batches_are_under_way_at_once(rig: Any) -> None:
    rig.control("faults", {"delay_ms": 200})
    started = time.monotonic()
    outcomes = rig.push("product", (product(n) for n in range(1_600)))
    assert len(outcomes) == 1_600
    assert time.monotonic() - started < 16 * 0.2 * 2
    assert isinstance(rig.pace, NoPace)
    assert rig.pace.taken == 16
