"""`session.storage`: what its calls accept and raise, whatever keeps the bytes.

Rules and messages are the reference's: internal/core/persistence/persistence.go and
internal/core/io_tunnel/backwards_invocation/task.go of langgenius/dify-plugin-daemon. Like the
SDK's, errors are plain Exceptions.
"""

from __future__ import annotations

from time import time

from dify_plugin._invocation import BackwardsInvocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MAX_KEY = 256  # characters


class StorageInvocationError(Exception):
    """A storage call that went wrong, in the SDK; kept for who catches it."""


class StorageInvocation(BackwardsInvocation):
    """Bytes by key, one space per plugin."""

    def _ask(self, operation: Any, *arguments: Any) -> Any:
        """Call what keeps the bytes; a wait without an answer ends in the SDK's words."""
        deadline = None if self.session is None else self.session.call_deadline()
        started = time()
        try:
            return operation(*arguments, deadline)
        except Exception as fault:
            if getattr(fault, "code", None) != "TimedOut":
                raise
            seconds = round(time() - started)
            message = f"invocation exited without response after {seconds} seconds"
            raise Exception(message) from fault

    def set(self, key: str, val: bytes | bytearray | memoryview) -> None:
        """Store bytes; text must be encoded first, as in the SDK."""
        backend = self._backend("storage", "storage.set")
        if not isinstance(val, bytes | bytearray | memoryview):
            raise TypeError(f"a bytes-like object is required, not '{type(val).__name__}'")
        clean = _clean(key)
        if not clean:
            raise Exception(f"save data failed: {_problem(key)}")
        if len(key) > _MAX_KEY:
            raise Exception("save data failed: key length must be less than 256 characters")
        self._ask(backend.set, clean, bytes(val))

    def get(self, key: str) -> bytes:
        """Return what is stored; a missing key raises."""
        backend = self._backend("storage", "storage.get")
        clean = _clean(key)
        value: bytes | None = None
        if clean and len(clean) <= _MAX_KEY:
            value = self._ask(backend.get, clean)
        if value is None:
            raise Exception(
                "load data failed, please check if the key is correct or you have not set it"
            )
        return value

    def delete(self, key: str) -> None:
        """Forget what is stored; a key that has nothing is no error."""
        backend = self._backend("storage", "storage.delete")
        clean = _clean(key)
        if not clean:
            raise Exception(f"delete data failed: {_problem(key)}")
        if len(clean) <= _MAX_KEY:
            self._ask(backend.delete, clean)

    def exist(self, key: str) -> bool:
        """Return whether a key has something stored."""
        backend = self._backend("storage", "storage.exist")
        clean = _clean(key)
        if not clean:
            raise Exception(f"exist data failed: {_problem(key)}")
        return len(clean) <= _MAX_KEY and bool(self._ask(backend.exist, clean))


def _clean(key: str) -> str:
    """Return the key as the reference's file system sees it (Go's path.Join); "" for a bad one.

    `a//b`, `/a/b/` and `a/./b` are one key there.
    """
    if not isinstance(key, str):
        raise TypeError(f"a storage key is text, not '{type(key).__name__}'")
    rooted = key.startswith("/")
    parts: list[str] = []
    for part in key.split("/"):
        if part == ".." and (parts or rooted):
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    clean = "/".join(parts)
    return "" if ".." in clean or "\\" in clean else clean


def _problem(key: str) -> str:
    if ".." in key or "\\" in key:
        return "invalid key: path traversal attempt detected"
    return "the key is empty"


def __getattr__(name: str) -> Any:
    if name[0] == "_":  # the import system asks for __path__
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    # The SDK's module has these names too, and plugins take their annotations from it.
    from dify_plugin._lazy_names import lazy

    return lazy(__name__)(name)
