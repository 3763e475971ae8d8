"""What stands in for `re` says what werkzeug says, or leaves it to that."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.http import dump_cookie, parse_cookie

from packager.dependencies.diet.deferred import is_plain_cookie, plain_cookies

PIECES = [*'ab1;;==  \t"\\,\n\x00%', "a=b", "; ", "\u00e4", "\u3000", "k", "\x85", "a b"]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
@example("a=b; c = d ;; e; f==g;")
@example(" a")
@example("a=b c; d=e")
@example("=a; b=c")
def test_cookies(text: str) -> None:
    found = plain_cookies(text)

    if found is not None:
        sent = text.encode().decode("latin-1")  # as an environ has it
        assert found == [*parse_cookie(sent).items(multi=True)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a=b; c=d=e;", [("a", "b"), ("c", "d=e")]),
        ("a", [("a", "")]),
        ("a=", [("a", "")]),
        ('a="b"', None),
        ("a=b c", None),
        ("=a", None),
        ("a=\x7f", None),
    ],
)
def test_plain_cookies_are_found(text: str, found: list[tuple[str, str]] | None) -> None:
    assert plain_cookies(text) == found


@given(st.text(st.sampled_from('aZ09-._~=/+: ,;"\\\u00e4\n%'), max_size=6))
@example("")
def test_a_value_without_quotes(value: str) -> None:
    if is_plain_cookie(value):
        assert dump_cookie("k", value, path=None) == f"k={value}"


def test_usual_values_have_none() -> None:
    assert [*map(is_plain_cookie, ["", "42", "3f-a.B=", "a b", "\u00e4"])] == [
        *(True, True, True, False, False)
    ]
