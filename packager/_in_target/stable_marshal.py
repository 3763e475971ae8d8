"""Marshals code such that the bytes follow from the code alone. Standard library only.

`marshal` marks what it might refer to again, and goes by reference counts: those of a string depend
on whatever else there is in the process. Here what is referred to is marked, and nothing else,
which leaves less to remember for who loads it: about half.

Equal sets of several functions are made one object: whether `compile` makes them one depends on the
texts that the process has interned before, for which it copies sets, and so on the files before.
So are a class in another scope and the text in its code that names it: on 3.13 they are one where
nobody has interned that text.
"""

from __future__ import annotations

import marshal

TYPE_CHECKING = False  # `typing` takes longer than most of what is marshalled
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

CodeType = (lambda: None).__code__.__class__  # of `types`, which takes longer, too
_MARK = 0x80  # marshal.c: FLAG_REF
_REFERENCE, _CODE, _SMALL_TUPLE = b"rc)"
# What follows an object's type: so many bytes, or a length and as many bytes, or a number of
# objects and these.
_FIXED = {**dict.fromkeys(b"NFTS.", 0), ord("i"): 4, ord("g"): 8, ord("y"): 16}
_SHORT, _LONG = frozenset(b"zZ"), frozenset(b"stuaA")
_OBJECTS = frozenset(b"(<>[")
_NUMBER, _SLICE, _DICT, _END_OF_DICT = b"l:{0"
_ENDLESS = 1 << 62  # objects: until the end of a dict


def dumps(value: Any) -> bytes:
    """Return what `marshal.loads` makes the same of: code, or constants, tuples and dicts."""
    value = _with_one_of_each(value, {}) if isinstance(value, CodeType) else value
    # A set is written in the order of what its elements are marshalled to, marks included. All of
    # them are marked if each is referred to from here, too.
    kept: list[object] = []
    _keep_elements([value], kept)
    data = marshal.dumps(value)
    marked, references = _places(data)
    made = bytearray(data)
    numbers = [int.from_bytes(data[at : at + 4], "little") for at in references]
    used = sorted({*numbers})
    for index in {*range(len(marked))}.difference(used):
        made[marked[index]] -= _MARK
    new = {index: number.to_bytes(4, "little") for number, index in enumerate(used)}
    for at, index in zip(references, numbers, strict=True):
        made[at : at + 4] = new[index]
    return bytes(made)


def _with_one_of_each(value: Any, known: dict[bytes, object]) -> Any:
    """Return code, or a constant, with one object in the place of those that are equal: a `known`
    set for sets, the name of a class for what its code has of it.

    All code that has such is made again, as that has a say in what else in it is one object.
    """
    if not _has_several(value):
        return value
    if isinstance(value, CodeType):
        constants = _with_one_of_each(value.co_consts, known)
        name = value.co_qualname
        return value.replace(co_consts=tuple(name if c == name else c for c in constants))
    if isinstance(value, tuple):
        return tuple(_with_one_of_each(each, known) for each in value)
    if isinstance(value, frozenset):
        return known.setdefault(marshal.dumps(value, 0), value)  # by its contents and their types
    return value


def _has_several(value: Any) -> bool:
    if isinstance(value, CodeType):
        # Other names are texts that are always interned.
        if "." in value.co_qualname and value.co_qualname in value.co_consts:
            return True
        value = value.co_consts
    return isinstance(value, frozenset) or (
        isinstance(value, tuple) and any(map(_has_several, value))
    )


def _keep_elements(values: Iterable[object], kept: list[object]) -> None:
    for value in values:
        if isinstance(value, CodeType):
            _keep_elements(value.co_consts, kept)
        elif isinstance(value, (frozenset, tuple)):
            kept.extend(value)
            _keep_elements(value, kept)
        elif isinstance(value, dict):
            _keep_elements(value.values(), kept)


def _places(data: bytes) -> tuple[list[int], list[int]]:
    """Return where marked objects begin, and where the numbers of references are."""
    marked: list[int] = []
    references: list[int] = []
    at = 0
    pending = [(1, 0)]  # objects to be read, after so many bytes
    while pending:
        count, skipped = pending.pop()
        at += skipped
        while count:
            count -= 1
            kind = data[at]
            if kind > _MARK:
                marked.append(at)
                kind -= _MARK
            at += 1
            if kind in _SHORT:
                at += 1 + data[at]
            elif kind == _REFERENCE:
                references.append(at)
                at += 4
            elif kind in _FIXED:
                at += _FIXED[kind]
            elif kind in _LONG:
                at += 4 + int.from_bytes(data[at : at + 4], "little")
            elif kind == _SMALL_TUPLE:
                pending += (count, 0), (data[at], 1)
                break
            elif kind == _CODE:  # five numbers, eight objects, the first line, two objects
                pending += (count, 0), (2, 4), (8, 20)
                break
            elif kind in _OBJECTS:
                pending += (count, 0), (int.from_bytes(data[at : at + 4], "little"), 4)
                break
            elif kind == _DICT:
                pending += (count, 0), (_ENDLESS, 0)
                break
            elif kind == _END_OF_DICT:
                break
            elif kind == _SLICE:
                pending += (count, 0), (3, 0)
                break
            elif kind == _NUMBER:  # of 15 bits each
                digits = int.from_bytes(data[at : at + 4], "little", signed=True)
                at += 4 + 2 * abs(digits)
            else:
                raise ValueError(f"marshal has a type {chr(kind)!r}, which is not known here")
    if at != len(data):
        raise ValueError("marshal's format is not the one that is known here")
    return marked, references
