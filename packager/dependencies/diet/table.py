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
    # Every request is made by it; a subclass's may go through classes of its own.
    (
        "werkzeug.wrappers.request",
        "        super().__init__(\n"
        '            method=environ.get("REQUEST_METHOD", "GET"),\n'
        '            scheme=environ.get("wsgi.url_scheme", "http"),\n'
        "            server=_get_server(environ),\n",
        "        headers = EnvironHeaders(environ)\n"
        "        if type(self) is Request: _deferred.begin_request(self, environ, headers)\n"
        '        else: super().__init__(method=environ.get("REQUEST_METHOD", "GET"),\n'
        '            scheme=environ.get("wsgi.url_scheme", "http"), server=_get_server(environ),\n',
    ),
    ("werkzeug.wrappers.request", "headers=EnvironHeaders(environ),", "headers=headers,"),
    (
        "werkzeug.wrappers.response",
        "        super().__init__(\n"
        "            status=status,\n"
        "            headers=headers,\n"
        "            mimetype=mimetype,\n"
        "            content_type=content_type,\n"
        "        )\n",
        "        plain = type(self) is Response and headers is None\n"
        "        if not plain or not _deferred.begin_response("
        "self, status, mimetype, content_type):\n"
        "            super().__init__(\n"
        "                status=status, headers=headers,\n"
        "                mimetype=mimetype, content_type=content_type,\n"
        "            )\n",
    ),
    (
        "werkzeug.wrappers.response",
        '            self.headers["Content-Length"] = str(len(value))\n',
        "            _deferred.set_length(self.headers, str(len(value)))\n",
    ),
    # Every response sets a header into none.
    (
        "werkzeug.datastructures.headers",
        "            self.set(key, value)\n        elif",
        "            self.set(key, value) if self._list or type(self) is not Headers else "
        "self._list.append((key, _str_header_value(value)))\n        elif",
    ),
    # The length of a body that ends by itself is not asked for.
    (
        "werkzeug.wsgi",
        "    content_length = get_content_length(environ)\n\n    if content_length is not None and",
        '    if max_content_length is None and "wsgi.input_terminated" in environ: return stream\n'
        "    content_length = get_content_length(environ)\n    if content_length is not None and",
    ),
    # Every body's length comes here, and `re` takes milliseconds to import and compile. The pattern
    # is `-?[0-9]+`, in ASCII.
    (
        "werkzeug._internal",
        "if _plain_int_re.fullmatch(value) is None:",
        'if not (value.isascii() and value.removeprefix("-").isdigit()):',
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
    # Most cookies have nothing quoted, and a path of "/"; `re` and urllib.parse take milliseconds.
    (
        "werkzeug.sansio.http",
        "    out = []\n    pos = 0\n",
        "    if (out := _deferred.plain_cookies(cookie)) is not None: return cls(out)\n"
        "    out = []; pos = 0\n",
    ),
    (
        "werkzeug.http",
        "if not _cookie_no_quote_re.fullmatch(value):",
        "if not (_deferred.is_plain_cookie(value) or _cookie_no_quote_re.fullmatch(value)):",
    ),
    (
        "werkzeug.http",
        'path = quote(path, safe="%!$&\'()*+,/:=@")',
        'path = path if path == "/" else quote(path, safe="%!$&\'()*+,/:=@")',
    ),
    (
        "werkzeug.http",
        "    if isinstance(max_age, timedelta):\n        max_age = int(",
        "    if type(max_age) not in (int, type(None)) and isinstance(max_age, timedelta):\n"
        "        max_age = int(",
    ),
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
