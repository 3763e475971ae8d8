"""Random secrets, spelt by random encoders one after the other: no reader gets one back."""

from __future__ import annotations

import string
from random import Random

import pytest

from endpoint_runtime import process
from endpoint_runtime.logs import masking
from packager.bundle.secret_scan import search_for
from tests.soak.conftest import Soak
from tests.support.secret_forms import (
    ENCODING,
    HELD,
    QUOTED,
    QUOTING,
    is_read,
    most_quotings,
    spelt,
)

ALPHABETS = (
    string.ascii_letters + string.digits,
    string.ascii_letters + string.digits + "-_.~",
    string.ascii_letters + string.digits + "+/=",
    string.printable,
    "\\\"'&%+<>;#xu0041n/ ",
    "\xe9\xff\u732b\u306e\U0001f511\x85ab1 ",
)
WORDS = "asked for 200 in 12.5 ms {\"a\": 'b'} https://example.com/?q=%41&x=1 C:\\new \\u0041 &amp;"


def make_secret(random: Random) -> str:
    size = random.choice((4, 6, 8, 9, 12, 16, 20, 32, 40, 64, 200))
    return "".join(random.choices(random.choice(ALPHABETS), k=size))


def test_no_reader_gets_a_secret_back(soak: Soak, monkeypatch: pytest.MonkeyPatch) -> None:
    random = soak.random
    monkeypatch.setattr(process, "secrets", {})
    for _ in soak.rounds(200_000, "secrets"):
        secret = make_secret(random)
        if len(secret.strip()) < 4:
            continue
        # What is shorter is not looked for where it is encoded (docs/logging.md).
        encoding = random.choice(["", *ENCODING]) if len(secret.strip().encode()) >= 8 else ""
        quoting = random.choices([*QUOTING], k=random.randrange(5))[: most_quotings(secret)]
        text = spelt(secret, quoting, encoding, random.choice(HELD))
        if not quoting and not encoding and len(secret) >= 32 and secret.isalnum():
            text = random.choice([*QUOTED.values()])(secret)
        before, after = random.choice(WORDS.split()), random.choice(WORDS.split())
        others = [make_secret(random) for _ in range(random.choice((0, 0, 3)))]
        process.secrets = dict.fromkeys([*others, secret])

        masked = masking.mask(f"{before} {text} {after}")

        assert not is_read(secret, masked), (secret, quoting, encoding, text, masked)
        found = search_for([secret]).find(text.encode("utf-8", "surrogateescape"))
        assert any(found), (secret, quoting, encoding, text)


def test_lines_without_a_secret_stay(soak: Soak, monkeypatch: pytest.MonkeyPatch) -> None:
    random = soak.random
    monkeypatch.setattr(process, "secrets", {})
    for _ in soak.rounds(200, "times 500 secrets"):
        process.secrets = {}
        for _ in range(500):
            process.add_secret("".join(random.choices(ALPHABETS[random.randrange(3)], k=24)))
        for _ in range(100):
            secret = "".join(random.choices(ALPHABETS[random.randrange(3)], k=24))
            line = spelt(f"{WORDS} {secret}", random.choices([*QUOTING], k=random.randrange(3)))
            assert masking.mask(line) == line
