"""Hook ids: random, checked with a key, told from all others; the runtime takes what is made."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.contract import HOOK_ID_ALPHABET
from packager.endpoints.hook_ids import is_genuine, new_hook_id

KEY = "arn:aws:cloudformation:eu-central-1:123456789012:stack/prod/86587259/NekoFunction"


def test_a_hook_id_is_random_and_checked() -> None:
    made = {new_hook_id(KEY) for _ in range(1000)}

    assert len({each[:16] for each in made}) == 1000
    for each in made:
        assert re.fullmatch(f"[{HOOK_ID_ALPHABET}]{{24}}", each)
        assert is_genuine(each, KEY)
        assert not is_genuine(each, KEY + "2")
    counts = dict.fromkeys(HOOK_ID_ALPHABET, 0)
    for each in made:
        for character in each[:16]:
            counts[character] += 1
    assert all(300 < count < 700 for count in counts.values()), counts  # 500 each, 9 deviations off


def test_the_check_is_forty_bits_of_hmac_sha256() -> None:
    made = new_hook_id(KEY)

    digest = hmac.new(KEY.encode(), made[:16].encode(), hashlib.sha256).digest()
    assert base64.b32encode(digest)[:8].decode().lower() == made[16:]


@given(st.text(max_size=40))
def test_what_somebody_makes_up_is_not_genuine(text: str) -> None:
    assert not is_genuine(text, KEY)


@pytest.mark.parametrize("length", [0, 8, 15, 16, 23, 25, 48])
def test_a_hook_id_of_another_length_is_not_genuine(length: int) -> None:
    made = new_hook_id(KEY)

    assert not is_genuine((made * 2)[:length], KEY)


def test_a_hook_id_is_of_small_letters() -> None:
    assert not is_genuine(new_hook_id(KEY).upper(), KEY)
