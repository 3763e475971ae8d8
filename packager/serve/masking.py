"""Puts `***` in the place of secrets, as the runtime does in logs, however they are spelt."""

from __future__ import annotations

from collections.abc import Iterable

from packager.bundle.secret_scan import search_for
from packager.serve.request_log import Mask

MASK = b"***"


def mask_of(secrets: Iterable[str]) -> Mask:
    """Return what masks `secrets`."""
    values = sorted(set(secrets))
    if not values:
        return lambda data: data
    search = search_for(values)

    def mask(data: bytes) -> bytes:
        pieces: list[bytes] = []
        place = 0
        for start, end in sorted((start, end) for _, start, end in search.find(data)):
            if start >= place:
                pieces += [data[place:start], MASK]
            place = max(place, end)
        return b"".join((*pieces, data[place:])) if pieces else data

    return mask
