"""Labels in the language of whoever reads them."""

from __future__ import annotations

import pytest

from packager.settings.language import language_of, text_in

LABEL = {"en_US": "Key", "zh_Hans": "密钥", "pt_BR": "Chave", "ja_Jp": "鍵"}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en_US", "Key"),
        ("zh_Hans", "密钥"),
        ("zh_CN", "密钥"),
        ("zh-cn", "密钥"),
        ("zh_TW", "密钥"),
        ("ja_JP", "鍵"),
        ("pt_PT", "Chave"),
        ("pt", "Chave"),
        ("de_DE", "Key"),
        ("", "Key"),
    ],
)
def test_text_in(language: str, text: str) -> None:
    assert text_in(LABEL, language) == text


def test_what_is_there_is_better_than_nothing() -> None:
    assert text_in({"fr_FR": "Clé"}, "de_DE") == "Clé"
    assert text_in({"en_US": "Key", "de_DE": ""}, "de_DE") == "Key"
    assert text_in({}, "de_DE") == ""


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh_CN"),
        ({"LANG": "de_DE@euro", "LC_MESSAGES": "ja_JP.eucJP"}, "ja_JP"),
        ({"LANG": "de_DE", "LC_ALL": "C.UTF-8"}, "en_US"),
        ({"LANG": "POSIX"}, "en_US"),
        ({}, "en_US"),
    ],
)
def test_language_of(environment: dict[str, str], language: str) -> None:
    assert language_of(environment) == language
