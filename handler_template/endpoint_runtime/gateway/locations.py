"""Tells which redirects werkzeug sends as they are, without the modules that tell for any.

Imported by the first response that has a Location.
"""

from __future__ import annotations

_MARKS = dict.fromkeys(b"%!$&'()*+,/:=@-._~?")
_HOST_MARKS = dict.fromkeys(b"-.")


def is_plain_location(location: str) -> bool:
    """Whether `iri_to_uri` of werkzeug returns a Location unchanged: a path here, or at a host."""
    scheme, mark, rest = location.partition("://")
    if mark and scheme in ("http", "https"):
        host, slash, rest = rest.partition("/")
        labels = host.translate(_HOST_MARKS)
        # Within a label's limits, whatever the labels: what is longer is rare.
        if not labels.isalnum() or host != host.lower() or len(host) > 63 or not slash:
            return False
        if ".." in host or host[0] == "." or host[-1] == ".":
            return False
    elif location[:1] == "/" != location[1:2]:
        rest = location
    else:
        return False
    _, mark, query = rest.partition("?")
    left = f"a{rest}".translate(_MARKS)
    return location.isascii() and left.isalnum() and not (mark and not query)
