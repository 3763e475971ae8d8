"""Marshals code such that the bytes follow from the code alone. Standard library only.

`marshal` marks what it might refer to again, and goes by reference counts: those of a string depend
on whatever else there is in the process. Here what is referred to is marked, and nothing else,
which leaves less to remember for who loads it: about half.

Equal sets of several functions are made one object: whether `compile` makes them one depends on the
texts that the process has interned before, for which it copies sets, and so on the files before.
So are a class in another scope and the texts that name it: on 3.13 they are one where nobody has
interned that text.
"""

from __future__ import annotations

import marshal

TYPE_CHECKING = False  # `typing` takes longer than most of what is marshalled
if TYPE_CHECKING:
    from typing import Any

CodeType = (lambda: None).__code__.__class__  # of `types`, which takes longer, too
_MARK = 0x80  # marshal.c: FLAG_REF
_REFERENCE, _CODE, _SMALL_TUPLE = b"rc)"
# What follows an object's type: so many bytes, or a length and as many bytes, or a number of
# objects and these.
_SHORT, _LONG, _OTHER = -1, -2, -3
_SIZES = [_OTHER] * 256
for _kinds, _size in ((b"NFTS.", 0), (b"i", 4), (b"g", 8), (b"y", 16), (b"zZ", _SHORT)):
    for _kind in _kinds:
        _SIZES[_kind] = _size
for _kind in b"stuaA":
    _SIZES[_kind] = _LONG
_OBJECTS = frozenset(b"(<>[")
_NUMBER, _SLICE, _DICT, _END_OF_DICT = b"l:{0"
_ENDLESS = 1 << 62  # objects: until the end of a dict


def dumps(value: Any) -> bytes:
    """Return what `marshal.loads` makes the same of: code, or constants, tuples and dicts."""
    # A set is written in the order of what its elements are marshalled to, marks included. All of
    # them are marked if each is referred to from here, too.
    kept: list[object] = []
    if _keep_elements(value, kept) and isinstance(value, CodeType):
        value = _with_one_of_each(value, {})
        _keep_elements(value, kept)
    data = marshal.dumps(value)
    marked, references = _places(data)
    made = bytearray(data)
    numbers = [data[at : at + 4] for at in references]
    used = sorted([int.from_bytes(number, "little") for number in {*numbers}])
    for index in {*range(len(marked))}.difference(used):
        made[marked[index]] -= _MARK
    new = {old.to_bytes(4, "little"): at.to_bytes(4, "little") for at, old in enumerate(used)}
    for at, number in zip(references, numbers, strict=True):
        made[at : at + 4] = new[number]
    return bytes(made)


def _with_one_of_each(value: Any, known: dict[bytes | str, object]) -> Any:
    """Return code, or a constant, with one object in the place of those that are equal: one that is
    `known` for sets, for texts, and for the names that code has of classes.

    All code is made again, as that has a say in what else in it is one object.
    """
    if isinstance(value, CodeType):
        name = _with_one_of_each(value.co_qualname, known)
        constants = _with_one_of_each(value.co_consts, known)
        return value.replace(co_qualname=name, co_consts=constants)
    if isinstance(value, tuple):
        return tuple([_with_one_of_each(each, known) for each in value])
    if isinstance(value, frozenset):
        return known.setdefault(marshal.dumps(value, 0), value)  # by its contents and their types
    if isinstance(value, str):
        return known.setdefault(value, value)
    return value


def _keep_elements(value: Any, kept: list[object]) -> bool:
    """Add the elements of tuples and sets in a value, code or other, to `kept`; return whether it
    has any of what `_with_one_of_each` makes one."""
    several = False
    pending = [value]
    for each in pending:
        kind = each.__class__
        if kind is CodeType:
            constants = each.co_consts
            pending += constants
            # Other names are texts that are always interned.
            several = several or ("." in each.co_qualname and each.co_qualname in constants)
        elif kind is tuple or kind is frozenset:
            kept += each
            pending += each
            several = several or kind is frozenset
        elif kind is dict:
            pending += each.values()
    return several


def _places(data: bytes) -> tuple[list[int], list[int]]:
    """Return where marked objects begin, and where the numbers of references are."""
    marked: list[int] = []
    references: list[int] = []
    sizes = _SIZES
    at = 0
    pending = [(1, 0)]  # objects to be read, after so many bytes
    while pending:
        count, skipped = pending.pop()
        at += skipped
        while count:
            count -= 1
            kind = data[at]
            at += 1
            if kind == _REFERENCE:  # half of all
                references.append(at)
                at += 4
                continue
            if kind > _MARK:
                marked.append(at - 1)
                kind -= _MARK
            size = sizes[kind]
            if size >= 0:
                at += size
            elif size == _SHORT:
                at += 1 + data[at]
            elif size == _LONG:
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
