"""The registry and the forms made from it."""

import importlib

import pytest

from canonical_model.errors import ConfigError
from connectors import forms, registry

WHOLE = """
name: acme
title: Acme
connection: {type: acme, fields: {host: {title: Host}, key: {title: Key, where: extra, secret: "true"}}}
checklist: {paging: done, rate_limit: {exempt: none known}}
documents: {product: {after: [], batch: "100"}}
requests_per_second: null
"""


def test_a_spec_is_read() -> None:
    spec = registry.read_spec(WHOLE, "acme")
    assert (spec.documents["product"].batch, spec.requests_per_second) == (100, None)
    assert spec.connection.fields["key"].secret is True


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (WHOLE + "spelling: x", "spelling"),
        (WHOLE.replace("done", "nearly"), "nearly|checklist"),
        (WHOLE.replace("after: []", "after: [category]"), "category"),
        (WHOLE + "zone: Europe/Atlantis", "Atlantis"),
        (WHOLE.replace("name: acme", "name: other"), "name is not acme"),
        (WHOLE.replace('"100"', "many"), "int"),
        ("", "acme"),
        ("a: [", "acme"),
    ],
)
def test_a_wrong_spec_says_what_is_wrong(text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        registry.read_spec(text, "acme")


def test_an_unknown_connector_is_answered_with_the_known() -> None:
    with pytest.raises(ConfigError, match="commerceml, woocommerce, yml"):
        registry.spec("acme")
    with pytest.raises(ConfigError, match="has no sink"):
        registry._module("commerceml", "sink")


def test_every_form_has_its_class_and_hides_what_it_does_not_use() -> None:
    for entry in forms.connection_types():
        module, _, name = entry["hook-class-name"].rpartition(".")
        hook = getattr(importlib.import_module(module), name)
        assert hook.conn_type == entry["connection-type"]
        assert hook.hook_name == entry["hook-name"]
        assert {"conn_name_attr", "default_conn_name"} <= set(vars(hook))
        assert "password" in entry["ui-field-behaviour"]["relabeling"]
        secret = entry["conn-fields"].get("private_key")
        assert secret is None or secret["schema"]["format"] == "password"
    with pytest.raises(AttributeError):
        _ = forms.AcmeHook
