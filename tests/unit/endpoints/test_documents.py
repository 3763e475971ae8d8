"""What stores keep of an endpoint, as JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.endpoints.documents import document_text, endpoint_of_text
from packager.endpoints.endpoint import Endpoint, name_problem
from packager.errors import PackagerError
from packager.model.options import SecretSource, SsmSource

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=6,
)
WHOLE = Endpoint(
    "abc",
    "Pepper",
    settings={"greeting": "{{name}}", "app": {"app_id": "é"}},
    references={
        "api_key": SsmSource("/a"),
        "token": SecretSource("b", "k"),
        "other": SecretSource("c"),
    },
    enabled=False,
    root=True,
    space="xyz",
    version=3,
    created="2026-01-01T00:00:00Z",
    updated="2026-01-02T00:00:00Z",
)


def test_a_document() -> None:
    text = document_text(WHOLE)

    assert json.loads(text) == {
        "name": "Pepper",
        "enabled": False,
        "settings": {"greeting": "{{name}}", "app": {"app_id": "é"}},
        "references": {
            "api_key": ["ssm", "/a"],
            "token": ["secret", "b", "k"],
            "other": ["secret", "c", None],
        },
        "space": "xyz",
        "version": 3,
        "created": "2026-01-01T00:00:00Z",
        "updated": "2026-01-02T00:00:00Z",
    }
    assert endpoint_of_text("abc", text, root=True) == WHOLE


def test_what_is_not_so_is_absent() -> None:
    keys = json.loads(document_text(Endpoint("abc", "Pepper"))).keys()

    assert keys == {"name", "enabled", "settings", "version", "created", "updated"}


@given(st.dictionaries(TEXT, VALUES, max_size=4))
def test_parameter_store_takes_every_document(settings: dict[str, Any]) -> None:
    endpoint = Endpoint("abc", "Pepper", settings={**settings, "braces": "{{{{ssm:/a}}"})

    text = document_text(endpoint)

    assert "{{" not in text
    assert endpoint_of_text("abc", text, root=False) == endpoint


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{}", '"a"', '{"name": "a"}', '{"name": "a", "enabled": true, "settings": 1}'),
        '{"name": "a", "enabled": true, "references": {"x": ["file", "/a"]}}',
        '{"name": "a", "enabled": true, "references": {"x": "ssm"}}',
        '{"name": "a", "enabled": true, "version": "x"}',
        "[" * 100_000,
    ],
)
def test_another_document_is_an_error_that_names_the_endpoint(text: str) -> None:
    with pytest.raises(PackagerError, match="of the endpoint abc can't be read"):
        endpoint_of_text("abc", text, root=False)


def test_names() -> None:
    for good in ("a", "Pepper the 2nd", "猫", "a" * 100, "🐈"):
        assert name_problem(good) is None
    assert name_problem("") == name_problem("a" * 101) == "expected a name of 1 to 100 characters"
    assert name_problem(" a") == name_problem("a\n") == "expected a name without blanks around it"
    for bad in ("a\nb", "a\x1bb", "a\u202eb", "a\x00b", "a\u2028b"):
        assert name_problem(bad) == "expected a name of characters that can be seen"
