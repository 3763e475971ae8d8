"""A plain Location is one that werkzeug sends as it is."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.urls import iri_to_uri

from endpoint_runtime.gateway.locations import is_plain_location

PIECES = [
    *(
        "http://",
        "https://",
        "HTTP://",
        "//",
        "/",
        "x.test",
        "X.test",
        "a",
        ":80",
        ":080",
        "?",
        "#",
    ),
    *(
        "@",
        "%41",
        "%",
        " ",
        "\u00e4",
        "..",
        ".",
        ";",
        "=",
        "&",
        "a" * 64,
        "\n",
        "\t",
        "[",
        "]",
        "'",
    ),
    *("xn--a", "-", "<", '"', "\\", "1", "~", "_", "|", "^", "\x00"),
]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
@example("/a?")
@example("https://x.test/a?b=c?d")
def test_agrees_with_iri_to_uri(location: str) -> None:
    if is_plain_location(location):
        assert iri_to_uri(location) == location


@pytest.mark.parametrize(
    ("location", "plain"),
    [
        ("https://slack.com/oauth/v2/authorize?client_id=1.2&scope=a,b:c", True),
        ("/done", True),
        ("/login?next=https://x.test/y", True),
        ("http://localhost/", True),
        ("https://x.test", False),
        ("//x.test/a", False),
        ("done", False),
        ("/a b", False),
        ("/caf\u00e9", False),
        ("https://x.test:080/", False),
        ("https://u@x.test/", False),
        ("/a#b", False),
        ("/a?", False),
    ],
)
def test_usual_ones(location: str, plain: bool) -> None:
    assert is_plain_location(location) is plain
