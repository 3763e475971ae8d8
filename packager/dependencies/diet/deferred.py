"""Names of a module that come to be when they are first used. packager's, in werkzeug's package.

Contract: this file is copied into `werkzeug/` as `_deferred.py` beside the modules whose source
packager has treated (the import diet, docs/cold-start.md). It imports built-in modules alone. In a
treated module `_lazy` is that module's namespace: `_lazy["name"] = ...` says where a name comes
from, `_lazy.name` is the name. From outside, names are the module's attributes as always (PEP 562).
"""

import builtins
import sys
from _thread import RLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Source = tuple[str, ...] | Callable[[], Any]

# Held while a name is made, so that all threads get the same object. What makes one imports the
# standard library alone, which never comes back here: there's no deadlock with the import locks.
_making = RLock()
_OWN = frozenset({"_deferred", "_lazy", "_lazy_names", "__getattr__", "__dir__"})
_MAKER = "_lazy_"  # a function named so and after a class that it makes


class Lazy:
    """A treated module's namespace: its `__dict__` is that of the module."""

    def __init__(self, namespace: "dict[str, Any]", submodules: str = "") -> None:
        self.__dict__ = namespace
        package = namespace["__name__"]
        namespace["_lazy_names"] = {name: (f"{package}.{name}", "") for name in submodules.split()}
        namespace["__builtins__"] = vars(builtins)  # not `Builtins`, if the module is reloaded
        namespace["__getattr__"] = lambda name: find(namespace, name)
        namespace["__dir__"] = lambda: names_of(namespace)

    def __setitem__(self, name: str, source: "Source") -> None:
        """Set where `name` comes from.

        A module (`("a.b",)`, as `import a.b` binds it; `("a.b", "")`, as `import a.b as name`
        does), a module's attribute (`("a.b", "c")`), or a function that makes it.
        """
        self.__dict__["_lazy_names"][name] = source

    def __getattr__(self, name: str) -> "Any":
        return find(self.__dict__, name)


def find(namespace: "dict[str, Any]", name: str, error: "AttributeError | None" = None) -> "Any":
    """Import or make `name` in a treated module's namespace.

    Raises AttributeError, or `error`, if no such name was deferred.
    """
    source = namespace["_lazy_names"].get(name) or namespace.get(_MAKER + name)
    if source is None:
        if name == "__all__":  # `import *` and help() go on with the whole namespace
            for other in names_of(namespace):
                if other not in namespace:
                    find(namespace, other)
        raise error or AttributeError(f"module {namespace['__name__']!r} has no attribute {name!r}")
    if isinstance(source, tuple):
        return namespace.setdefault(name, _import(*source))
    with _making:
        return namespace[name] if name in namespace else namespace.setdefault(name, source())


def names_of(namespace: "dict[str, Any]") -> "list[str]":
    """Return what `dir()` says of a treated module: what it said before."""
    names = {*namespace, *namespace["_lazy_names"]} - _OWN
    made = {name for name in names if name.startswith(_MAKER)}
    if namespace["__getattr__"].__module__ != __name__:
        names.add("__getattr__")  # the module has its own
    return sorted(names - made | {name[len(_MAKER) :] for name in made})


class Builtins(dict[str, "Any"]):
    """The builtins as a treated module has them once it is imported.

    Its functions keep the plain ones. This is for who evaluates annotations in the module's
    namespace (`typing.get_type_hints`), where a deferred name has to be found as well.
    """

    def __init__(self, namespace: "dict[str, Any]") -> None:
        super().__init__(vars(builtins))
        self._namespace = namespace

    def __missing__(self, name: str) -> "Any":
        try:
            return find(self._namespace, name)
        except AttributeError:
            raise KeyError(name) from None


def _import(module: str, attribute: "str | None" = None) -> "Any":
    top = __import__(module)
    if attribute is None:
        return top
    found = sys.modules[module]
    return getattr(found, attribute) if attribute else found


class attribute:
    """A class attribute that is made when it is first read; then it is the plain attribute."""

    def __init__(self, make: "Callable[[], Any]") -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner, self._name = owner, name

    def _settle(self) -> "Any":
        value = self._make()
        with _making:
            found = self._owner.__dict__.get(self._name, self)
            if found is not self:  # another thread was first, or it was set meanwhile
                return found
            setattr(self._owner, self._name, value)
        return value

    def __get__(self, instance: object, owner: "type | None" = None) -> "Any":
        value = self._settle()
        get = getattr(type(value), "__get__", None)
        return value if get is None else get(value, instance, owner)


class data_attribute(attribute):
    """The same for a property, which is also written and deleted through."""

    def __set__(self, instance: object, value: object) -> None:
        found = self._settle()
        type(found).__set__(found, instance, value)

    def __delete__(self, instance: object) -> None:
        found = self._settle()
        type(found).__delete__(found, instance)


_GenericAlias: "Any" = type(list[int])  # that of `types`, which is not imported for it


class Subscriptable:
    """Stands for `typing.Generic[...]` among a class's bases: `cls[x]` stays possible."""

    __slots__ = ()

    def __class_getitem__(cls, item: object) -> object:
        return _GenericAlias(cls, item)


_COPIED = (
    *("__module__", "__name__", "__qualname__", "__doc__", "__type_params__"),
    "__annotate__" if sys.version_info >= (3, 14) else "__annotations__",
)


def update_wrapper(wrapper: "Any", wrapped: "Any") -> "Any":
    """Do what `functools.update_wrapper` does, without importing it."""
    for name in _COPIED:
        if hasattr(wrapped, name):
            setattr(wrapper, name, getattr(wrapped, name))
    wrapper.__dict__.update(wrapped.__dict__)
    wrapper.__wrapped__ = wrapped
    return wrapper


def cleandoc(text: str) -> str:
    """Return what `inspect.cleandoc` gives, without importing it."""
    lines = text.expandtabs().split("\n")
    indents = [len(line) - len(line.lstrip(" ")) for line in lines[1:] if line.strip(" ")]
    margin = min(indents, default=0)
    lines = [lines[0].lstrip(" "), *(line[margin:] for line in lines[1:])]
    while lines and not lines[-1]:
        lines.pop()
    while lines and not lines[0]:
        lines.pop(0)
    return "\n".join(lines)


def parse_qsl(text: str, **options: "Any") -> list[tuple[str, str]]:
    """Do what `urllib.parse.parse_qsl` does, which is imported for what is quoted.

    `options` are those that werkzeug gives: blank values are kept, the errors werkzeug's own.
    """
    if "%" not in text:
        pairs = [pair.partition("=") for pair in text.replace("+", " ").split("&") if pair]
        return [(name, value) for name, _, value in pairs]
    __import__("werkzeug.urls")  # registers the error handler that the options name
    from urllib.parse import parse_qsl

    return parse_qsl(text, **options)


def plain_cookies(text: str) -> list[tuple[str, str]] | None:
    """Return the cookies of a header that has nothing quoted; None for any other."""
    found = []
    for part in text.split(";"):
        name, _, value = (each.strip(" ") for each in part.partition("="))
        if name and not (" " in name or " " in value) and part.isprintable():
            found.append((name, value))
        elif part.strip(" "):
            return None
    return None if '"' in text else found


def is_plain_cookie(value: str) -> bool:
    """Whether a cookie's value needs no quotes, which few need."""
    return value.isascii() and f"_{value.translate(dict.fromkeys(b'-.=/+:'))}".isidentifier()


def begin_request(request: "Any", environ: "dict[str, Any]", headers: object) -> None:
    """Set what `Request.__init__` of `werkzeug.sansio.request` sets, for `wrappers.Request`.

    It says the same in one call, where that decodes texts of ASCII, too.
    """
    get = environ.get
    request.method = get("REQUEST_METHOD", "GET").upper()
    request.scheme = get("wsgi.url_scheme", "http")
    name = get("SERVER_NAME")
    if name is None:
        request.server = None
    else:
        try:
            request.server = name, int(get("SERVER_PORT", None))  # type: ignore[arg-type]
        except (TypeError, ValueError):  # a unix socket
            request.server = name, None
    root, path = get("SCRIPT_NAME") or "", get("PATH_INFO") or ""
    if not root.isascii():
        root = root.encode("latin1").decode(errors="replace")
    if not path.isascii():
        path = path.encode("latin1").decode(errors="replace")
    request.root_path = root.rstrip("/")
    request.path = "/" + path.lstrip("/")
    request.query_string = get("QUERY_STRING", "").encode("latin1")
    request.headers = headers
    request.remote_addr = get("REMOTE_ADDR")


# Status lines and codes by status, and content types by media type, as werkzeug makes them.
_statuses: "dict[int, tuple[str, int]]" = {}
_types: "dict[str | None, str]" = {}
_MOST_TYPES = 64


def begin_response(
    response: "Any", status: "Any", mimetype: "str | None", content_type: "str | None"
) -> bool:
    """Set what `Response.__init__` of `werkzeug.sansio.response` sets, without headers given.

    For `wrappers.Response` itself. Returns False, and sets nothing, for what is not as in most.
    """
    if status is None:
        status = response.default_status
    known = _statuses.get(status) if type(status) is int else None
    if content_type is None:
        content_type = _types.get(mimetype) if response.default_mimetype == "text/plain" else None
    if known is None or content_type is None:
        return _learn(response, status, mimetype)
    if type(content_type) is not str or "\n" in content_type or "\r" in content_type:
        return False
    headers = response.headers = _headers_class.__new__(_headers_class)
    headers._list = [("Content-Type", content_type)]
    response._status, response._status_code = known
    return True


_headers_class: "Any" = None


def _learn(response: "Any", status: "Any", mimetype: "str | None") -> bool:
    """Note what `begin_response` did not know; it will the next time."""
    global _headers_class
    _headers_class = sys.modules["werkzeug.datastructures.headers"].Headers
    names = sys.modules["werkzeug.http"].HTTP_STATUS_CODES
    if type(status) is int and status in names:
        _statuses[status] = response._clean_status(status)
    plain = mimetype is None or type(mimetype) is str
    if plain and response.default_mimetype == "text/plain" and len(_types) < _MOST_TYPES:
        named = response.default_mimetype if mimetype is None else mimetype
        _types[mimetype] = sys.modules["werkzeug.utils"].get_content_type(named, "utf-8")
    return False


def set_length(headers: "Any", length: str) -> None:
    """Set Content-Length, as `headers["Content-Length"] = length` does."""
    if type(headers) is _headers_class:
        found = headers._list
        if len(found) == 1 and found[0][0] == "Content-Type":
            found.append(("Content-Length", length))
            return
    headers["Content-Length"] = length


def escape_lines(text: str) -> str:
    """Escape a text for HTML, `<br>` between its lines; markupsafe is imported where needed."""
    if type(text) is str and not [mark for mark in "&<>'\"\n" if mark in text]:
        return text
    from markupsafe import Markup, escape

    return escape(text).replace("\n", Markup("<br>"))
