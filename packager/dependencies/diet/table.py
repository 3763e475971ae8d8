"""What the diet goes by: werkzeug's modules that stay as they are, or are imported at once."""

from __future__ import annotations

# Modules that need not start fast, or that keep names for the debugger and the development server.
UNTREATED = (
    "werkzeug._reloader",
    "werkzeug.debug",
    "werkzeug.local",
    "werkzeug.middleware",
    "werkzeug.serving",
    "werkzeug.test",
    "werkzeug.testapp",
)

# Every request to an endpoint uses these: reading them lazily would only add detours. All other
# modules, of werkzeug and of anybody else, are imported when one of their names is first used.
EAGER = frozenset(
    {
        *("_thread", "collections.abc", "io", "itertools", "os", "posixpath", "sys", "time"),
        "werkzeug._internal",
        "werkzeug.datastructures",
        "werkzeug.datastructures.headers",
        "werkzeug.datastructures.mixins",
        "werkzeug.datastructures.structures",
        "werkzeug.exceptions",
        "werkzeug.http",
        "werkzeug.sansio.request",
        "werkzeug.sansio.response",
        "werkzeug.utils",
        "werkzeug.wrappers",
        "werkzeug.wrappers.request",
        "werkzeug.wrappers.response",
        "werkzeug.wsgi",
    }
)

# Replacements of text, where it occurs: (module, old, new). Each means the same as before.
REPLACED = (
    # HTTPStatus is a subclass of int.
    (
        "werkzeug.sansio.response",
        "isinstance(value, (int, HTTPStatus))",
        "isinstance(value, int)",
    ),
    # Every header that is set comes here. (It is a `str` by then.)
    (
        "werkzeug.datastructures.headers",
        "if _newline_re.search(value) is not None:",
        'if "\\n" in value or "\\r" in value:',
    ),
    # These run while the module is imported, and functools and inspect take milliseconds to.
    (
        "werkzeug.datastructures.mixins",
        "return update_wrapper(wrapper, f)",
        "return _deferred.update_wrapper(wrapper, f)",
    ),
    (
        "werkzeug.datastructures.cache_control",
        "doc=cleandoc(doc)",
        "doc=_deferred.cleandoc(doc)",
    ),
    # A `from` import asks each module that has a `__getattr__` for its `__path__`.
    (
        "werkzeug.datastructures.structures",
        "def __getattr__(name: str) -> t.Any:\n    import warnings\n",
        'def __getattr__(name: str) -> t.Any:\n    if name != "__path__": import warnings\n',
    ),
    # Most queries and forms have nothing quoted, and urllib.parse takes milliseconds to import.
    # (The error handler that is named comes with werkzeug.urls, which may not be imported yet.)
    (
        "werkzeug.sansio.request",
        "            parse_qsl(\n",
        "            _deferred.parse_qsl(\n",
    ),
    (
        "werkzeug.formparser",
        "items = parse_qsl(",
        "items = _deferred.parse_qsl(",
    ),
    # Most error pages have nothing to escape, and markupsafe takes milliseconds to import.
    (
        "werkzeug.exceptions",
        'escape(description).replace("\\n", Markup("<br>"))',
        "_deferred.escape_lines(description)",
    ),
    ("werkzeug.exceptions", "escape(self.name)", "_deferred.escape_lines(self.name)"),
    # CPython has it on every platform that Lambda and packager run on.
    (
        "werkzeug.formparser",
        "try:\n"
        "    from tempfile import SpooledTemporaryFile\n"
        "except ImportError:\n"
        "    from tempfile import TemporaryFile\n"
        "\n"
        "    SpooledTemporaryFile = None  # type: ignore\n",
        "from tempfile import SpooledTemporaryFile\n\n\n\n\n\n",
    ),
)
