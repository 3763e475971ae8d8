"""Our `dataclass` and the standard library's: the same classes, but for the time it takes."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from packager.dataclass import dataclass

ours: Any = dataclass
theirs: Any = dataclasses.dataclass


def classes(made_by: Callable[..., Any], **options: Any) -> Any:
    """Return a class with fields of all kinds."""

    @made_by(**{"slots": True, **options})
    class Duck:
        """Says quack."""

        name: str
        size: int = 3
        tags: list[str] = dataclasses.field(default_factory=list)
        note: str = dataclasses.field(default="", compare=False)
        secret: str = dataclasses.field(default="s", repr=False)
        by_name: dict[str, int] = dataclasses.field(init=False)
        count: int = dataclasses.field(init=False, default=0)
        log: list[str] = dataclasses.field(init=False, default_factory=list)

        def __post_init__(self) -> None:
            object.__setattr__(self, "by_name", {self.name: self.size})

        def louder(self) -> str:
            return self.name.upper()

    return Duck


BOTH = pytest.mark.parametrize(
    "options",
    [
        {},
        {"frozen": True},
        {"eq": False},
        {"kw_only": True},
        {"frozen": True, "kw_only": True},
        {"frozen": True, "eq": False},
        {"frozen": True, "slots": False},
    ],
    ids=str,
)


def tried(call: Callable[[], object]) -> object:
    """Return what a call returns, or its error."""
    try:
        return call()
    except Exception as error:
        return type(error), str(error)


CALLS: list[Callable[[Any], Any]] = [
    lambda duck: duck(name="a"),
    lambda duck: duck(name="a", size=4, tags=["x"], note="n", secret="t"),
    lambda duck: duck("a"),
    lambda duck: duck("a", 4, ["x"], "n", "t"),
    lambda duck: duck(),
    lambda duck: duck("a", 4, ["x"], "n", "t", 7),
    lambda duck: duck(name="a", other=1),
    lambda duck: duck(name="a", count=1),
    lambda duck: dataclasses.replace(duck(name="a"), size=9),
]


@BOTH
@pytest.mark.parametrize("call", CALLS)
def test_instances_are_the_same(options: dict[str, Any], call: Callable[[Any], Any]) -> None:
    found = []
    for made_by in (ours, theirs):
        duck = classes(made_by, **options)
        made = tried(lambda: call(duck))  # noqa: B023 - at once
        told = [repr(made)]
        if isinstance(made, duck):
            as_dict: Any = dataclasses.asdict(made)
            told += map(
                repr, (as_dict, dataclasses.astuple(made), dataclasses.fields(made)[0].name)
            )
            told += map(repr, (made.louder(), copy.copy(made), copy.deepcopy(made)))
        found.append(told)
    assert found[0] == found[1]


def compared(made_by: Callable[..., Any], options: dict[str, Any]) -> list[object]:
    """Return what instances say of each other, and of what may not be done to them."""
    duck, other = classes(made_by, **options), classes(made_by, **options)
    a, b, c = duck(name="a"), duck(name="a", note="else"), duck(name="b")
    for made in (a, b, c):  # a list has no hash
        for name in ("tags", "log", "by_name"):
            object.__setattr__(made, name, ())
    return [
        (a == b, a == c, a != b, a == other(name="a"), a == 1, a.__eq__(1)),
        tried(lambda: hash(a) == hash(b)),
        tried(lambda: hash(a) == hash(c)),
        (
            duck.__match_args__,
            getattr(duck, "__slots__", None),
            duck.__doc__,
            hasattr(a, "__dict__"),
        ),
        tried(lambda: a.__setattr__("name", "new")),
        tried(lambda: a.__delattr__("size")),
        # A frozen class of theirs with slots says something of `super` here.
        options.get("frozen") or tried(lambda: a.__setattr__("unknown", "new")),
    ]


@BOTH
def test_instances_compare_alike(options: dict[str, Any]) -> None:
    assert compared(ours, options) == compared(theirs, options)


@dataclass(frozen=True, slots=True)
class Pickled:
    """Of a module, where pickle finds it."""

    name: str
    inner: Pickled | None = None


def test_frozen_instances_are_pickled() -> None:
    made = Pickled("a", Pickled("b"))
    assert pickle.loads(pickle.dumps(made)) == made
    assert repr(made).endswith("Pickled(name='a', inner=Pickled(name='b', inner=None))")


def test_a_class_that_holds_itself_is_shown() -> None:
    duck = classes(ours)(name="a")
    duck.tags = [duck]
    assert "tags=[...]" in repr(duck)


def test_methods_of_a_class_and_of_its_base_stay() -> None:
    @dataclass(slots=True)
    class Base:
        """Has a name."""

        name: str = "base"

        def __repr__(self) -> str:
            return "mine"

    @dataclass(slots=True)
    class Inner(Base):
        """Has another field."""

        size: int = 1

        def __eq__(self, other: object) -> bool:
            return other == "anything"

    assert repr(Base()) == "mine"
    assert repr(Inner()).endswith("Inner(name='base', size=1)")
    assert Inner("b", 2) == "anything"
    assert (Base().name, Inner("b").name, Inner("b").size) == ("base", "b", 1)
