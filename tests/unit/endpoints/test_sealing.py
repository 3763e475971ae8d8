"""Sealed settings: opened by who has the key, for their endpoint, and only as they were sealed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.endpoints.sealing import seal, unseal
from packager.errors import PackagerError

KEY, HOOK_ID = "k" * 64, "abcdefghijklmnop23456723"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), JSON, max_size=4))
def test_what_is_sealed_is_opened(values: dict[str, Any]) -> None:
    assert unseal(seal(values, HOOK_ID, KEY), HOOK_ID, KEY) == values


def test_a_seal_shows_nothing_and_is_another_each_time() -> None:
    values = {"api_key": "s3cr3t"}

    first, second = seal(values, HOOK_ID, KEY), seal(values, HOOK_ID, KEY)

    assert first[0] == 1
    assert first[1:25] != second[1:25]  # the nonce
    assert first[25:] != second[25:]
    assert b"s3cr3t" not in first
    assert b"api_key" not in first


def test_a_seal_is_of_one_endpoint_and_one_key() -> None:
    sealed = seal({"api_key": "s3cr3t"}, HOOK_ID, KEY)

    for hook_id, key in ((HOOK_ID[::-1], KEY), (HOOK_ID, KEY[1:])):
        with pytest.raises(PackagerError, match="sealed with another key") as refused:
            unseal(sealed, hook_id, key)
        assert "s3cr3t" not in str(refused.value)


def test_every_bit_of_a_seal_counts() -> None:
    sealed = seal({"a": "b"}, HOOK_ID, KEY)

    for position in range(len(sealed)):
        for bit in range(8):
            changed = bytearray(sealed)
            changed[position] ^= 1 << bit
            with pytest.raises(PackagerError):
                unseal(bytes(changed), HOOK_ID, KEY)
    for length in range(len(sealed)):
        with pytest.raises(PackagerError):
            unseal(sealed[:length], HOOK_ID, KEY)
