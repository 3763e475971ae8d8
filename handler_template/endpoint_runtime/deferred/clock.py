"""Has modules that check how old a request is see the time at which it came in.

A signature with a time in it (Slack's, Stripe's) is good for five minutes. The front function has
checked it within these; the worker may come to the request an hour later, and the plugin checks
again. In the modules that `received_clock` names, and in no other, `time`, `datetime` and what was
imported from them say the time of receipt while a deferred request is answered.
"""

from __future__ import annotations

import datetime as real_datetime
import sys
import time as real_time
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_since = 0.0  # s that the request at hand came in before now


class ReceivedClock:
    """The clock of the modules `names`, which are imported once it is first set."""

    def __init__(self, names: Iterable[str]) -> None:
        self._pending = list(names)

    def set(self, received: float | None) -> None:
        """Have it say that now is `received` (s since the epoch); None for the time that it is.

        Raises what importing one of the modules raises.
        """
        global _since
        _since = 0.0
        while self._pending:
            _prepare(self._pending[0])
            del self._pending[0]
        if received is not None:
            _since = max(0.0, real_time.time() - received)


def _prepare(name: str) -> None:
    """Import a module, and replace what it knows the time by."""
    from endpoint_runtime.app.endpoints import load_module

    load_module(name)
    names = vars(sys.modules[name])
    for key, value in list(names.items()):
        replaced = _replacement(value)
        if replaced is not None and not key.startswith("__"):
            names[key] = replaced


def _replacement(value: object) -> object | None:
    if value is real_time:
        return _Shown(real_time, {"time": _time, "time_ns": _time_ns, "gmtime": _gmtime})
    if value is real_datetime:
        return _Shown(real_datetime, {"datetime": _DateTime, "date": _Date})
    known: list[tuple[object, object]] = [
        (real_time.time, _time),
        (real_time.time_ns, _time_ns),
        (real_time.gmtime, _gmtime),
        (real_datetime.datetime, _DateTime),
        (real_datetime.date, _Date),
    ]
    return next((ours for theirs, ours in known if value is theirs), None)


class _Shown(ModuleType):
    """A module as another sees it: some of its names are ours."""

    def __init__(self, module: ModuleType, ours: dict[str, Any]) -> None:
        super().__init__(module.__name__, module.__doc__)
        self.__dict__.update(ours)
        self.__dict__["_module"] = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_module"], name)


def _time() -> float:
    return real_time.time() - _since


def _time_ns() -> int:
    return real_time.time_ns() - int(_since * 1_000_000_000)


def _gmtime(seconds: float | None = None) -> real_time.struct_time:
    return real_time.gmtime(_time() if seconds is None else seconds)


class _Kind(type):
    """Has every date and time be one of ours, wherever it was made."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.__mro__[1])


class _DateTime(real_datetime.datetime, metaclass=_Kind):
    @classmethod
    def now(cls, tz: real_datetime.tzinfo | None = None) -> Any:
        return cls.fromtimestamp(_time(), tz)

    @classmethod
    def utcnow(cls) -> Any:
        return cls.fromtimestamp(_time(), real_datetime.UTC).replace(tzinfo=None)

    @classmethod
    def today(cls) -> Any:
        return cls.fromtimestamp(_time())


class _Date(real_datetime.date, metaclass=_Kind):
    @classmethod
    def today(cls) -> Any:
        return cls.fromtimestamp(_time())
