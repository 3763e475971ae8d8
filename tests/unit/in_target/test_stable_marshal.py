"""Marshalled code: the same bytes for the same code, whatever else there is in the process."""

from __future__ import annotations

import marshal
import sys
from types import CodeType
from typing import Any

import pytest

from packager._in_target import stable_marshal

SOURCE = """
NAMES = x in {'a_name', 'another name', 3, (1, 'a_name'), frozenset({'z', 'y'})}
def first(a_name, other=(1, 2.5, 3j, b'bytes', 'a_name', 'caf\u00e9', 1 << 70, -(1 << 40), None)):
    'Says what it is.'
    return lambda: [a_name, other, {'a_name': ..., 'k': True}, 'once', a_name[1:2], 10**9]
class Second:
    a_name: 'other' = first
    def method(self): return self.a_name, f'{self.other!r:>{self.width}}', 'x' * 300
"""
MARK = 0x80


def code(source: str = SOURCE) -> CodeType:
    return compile(source, "/var/task/m.py", "exec", dont_inherit=True)


def constants(found: CodeType) -> list[object]:
    """Return all constants and names of code."""
    every: list[object] = [*found.co_names, *found.co_varnames]
    for each in found.co_consts:
        every += constants(each) if isinstance(each, CodeType) else [each]
        every += each if isinstance(each, tuple | frozenset) else []
    return every


def test_it_is_the_same_code() -> None:
    assert marshal.loads(stable_marshal.dumps(code())) == code()


def test_the_bytes_do_not_depend_on_who_else_holds_what_is_in_it() -> None:
    first = stable_marshal.dumps(code())
    plain = marshal.dumps(code())
    made = code()
    held = [constants(made) for _ in range(3)]
    assert marshal.dumps(made) != plain, "marshal's own do not depend on it either"
    assert stable_marshal.dumps(made) == first
    assert held


def test_the_bytes_do_not_depend_on_which_equal_sets_are_one() -> None:
    made = code("""
def first(x): return x in {'a', 'b', 1}
def second(x): return x in {'a', 'b', 1}
def third(x): return x in ({'a', 'b', True} | {'a', 'b', 1}), {frozenset({'c'})}
""")

    def copied(value: Any) -> Any:
        """Return code each of whose sets is one of its own."""
        if isinstance(value, CodeType):
            return value.replace(co_consts=tuple(map(copied, value.co_consts)))
        return frozenset([*value]) if isinstance(value, frozenset) else value

    apart = copied(made)
    sets = [each for each in constants(apart) if isinstance(each, frozenset)]
    assert len({*map(id, sets)}) == len(sets) > 1
    assert stable_marshal.dumps(apart) == stable_marshal.dumps(made)
    assert marshal.loads(stable_marshal.dumps(apart)) == made


@pytest.mark.parametrize(
    "source",
    [
        "def make():\n class Made: x = 1",
        "class Made:\n class Other:\n  def f(self): return 'Made.Other'",
        "class Made:\n class Other: x = 1\n def f(self): return 'Made.Other', ['Made.Other', 1]",
        "def f(): return ('Made.Other', 1)\nclass Made:\n class Other: x = 1",
    ],
)
def test_the_bytes_do_not_depend_on_which_names_of_classes_are_interned(source: str) -> None:
    first = stable_marshal.dumps(code(source))
    held = sys.intern("make.<locals>.Made"), sys.intern("Made.Other")
    assert stable_marshal.dumps(code(source)) == first
    assert marshal.loads(first) == code(source)
    assert held


@pytest.mark.parametrize("other", ["'a', 'b', True", "'a', 'b', 1.0", "'a', b'b', 1", "'a', 'b'"])
def test_sets_with_other_types_in_them_stay_apart(other: str) -> None:
    made = code(f"""
def first(x): return x in {{'a', 'b', 1}}
def second(x): return x in {{{other}}}
""")
    loaded = marshal.loads(stable_marshal.dumps(made))
    types = [
        sorted(each.__class__.__name__ for each in found)
        for found in constants(loaded)
        if isinstance(found, frozenset)
    ]
    assert types[0] == ["int", "str", "str"] != types[1]


def test_what_is_referred_to_is_marked_and_nothing_else() -> None:
    data = stable_marshal.dumps((big := "long " * 60, "once", big, ["once more", big]))
    text = big.encode()
    assert data == (
        b")\4" + bytes([ord("a") | MARK]) + (300).to_bytes(4, "little") + text
        + b"Z\4once" + b"r\0\0\0\0" + b"[\2\0\0\0" + b"z\x09once more" + b"r\0\0\0\0"
    )  # fmt: skip


def test_dicts_are_written_to_their_end() -> None:
    shared = ("a", 2)
    value = {"x": {1: shared, "inner": {}}, "y": (shared, code())}
    data = stable_marshal.dumps((value, shared))
    assert marshal.loads(data) == (value, shared)
    assert data.count(bytes([ord(")") | MARK, 2]) + b"Z\1a") == 1


@pytest.mark.parametrize("value", [0, -1, 1 << 31, -(1 << 100), 0.1, 1e300j, b"", "\udc80", ()])
def test_constants_are_read_over(value: object) -> None:
    assert marshal.loads(stable_marshal.dumps((value, "end"))) == (value, "end")


@pytest.mark.skipif(sys.version_info < (3, 14), reason="slices are constants from 3.14 on")
def test_slices_are_read_over() -> None:
    value: Any = (slice(1, None, (2,)), "end")
    assert marshal.loads(stable_marshal.dumps(value)) == value


def test_a_format_that_is_not_known_is_no_bytecode(monkeypatch: pytest.MonkeyPatch) -> None:
    for data, said in ((b"?", "marshal has a type '?', which is not known here"),
                       (b"NN", "marshal's format is not the one that is known here")):  # fmt: skip
        monkeypatch.setattr("marshal.dumps", lambda value, data=data: data)
        with pytest.raises(ValueError, match="marshal") as caught:
            stable_marshal.dumps(None)
        assert str(caught.value) == said
