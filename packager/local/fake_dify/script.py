"""Reads what the stand-in's apps are to answer, where a file says it, and finds each answer."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from packager.dataclass import dataclass
from packager.errors import Diagnostics
from packager.inputs.suggestions import did_you_mean
from packager.inputs.yaml_fields import expect_list, expect_mapping, expect_text
from packager.inputs.yaml_tree import YamlValue, read_yaml

MODES = ("chat", "agent-chat", "advanced-chat", "workflow", "completion")
ANY = "*"  # the app that stands for all that are not named
_ANSWER = "an answer: text, or a mapping with answer, outputs or error"


@dataclass(frozen=True, slots=True)
class ScriptedError:
    """An error in place of an answer, as Dify's API tells it."""

    status: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer: its text, or what a workflow gives; or the error that comes instead."""

    answer: str = ""
    outputs: Mapping[str, Any] | None = None
    error: ScriptedError | None = None

    def text(self, query: str, turn: int) -> str:
        """Return the answer with what was asked, and the number of the turn, in their places."""
        return self.answer.replace("{query}", query).replace("{turn}", str(turn))


@dataclass(frozen=True, slots=True)
class ScriptedApp:
    """What one app answers: what is asked first, else its answers in turn, the last for good."""

    mode: str | None = None
    when: tuple[tuple[str, Turn], ...] = ()
    answers: tuple[Turn, ...] = ()


@dataclass(slots=True)
class Script:
    """What apps answer, by their ids, and models and tools by `provider/name`.

    Where it says nothing the stand-in's rule holds.
    """

    apps: Mapping[str, ScriptedApp] = field(default_factory=dict)
    models: Mapping[str, ScriptedApp] = field(default_factory=dict)
    tools: Mapping[str, ScriptedApp] = field(default_factory=dict)
    _turns: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def mode(self, app_id: str) -> str | None:
        """Return the mode of an app; None where it says none."""
        app = self.apps.get(app_id)
        return app.mode if app else None

    def turn(self, app_id: str, query: str, number: int | None = None) -> Turn | None:
        """Return what an app answers to `query`, its `number`th (from 1) in a conversation.

        Where there are no conversations, the calls of each app are counted.
        """
        return self._found(self.apps, app_id, query, number)

    def call(self, table: Mapping[str, ScriptedApp], name: str, asked: str) -> Turn | None:
        """Return what a model or a tool answers; `table` is `models` or `tools`."""
        return self._found(table, name, asked, None)

    def _found(
        self, table: Mapping[str, ScriptedApp], app_id: str, query: str, number: int | None
    ) -> Turn | None:
        app = table.get(app_id) or table.get(ANY)
        if app is None:
            return None
        if number is None:
            with self._lock:
                number = self._turns[app_id] = self._turns.get(app_id, 0) + 1
        asked = query.casefold()
        for words, turn in app.when:
            if words.casefold() in asked:
                return turn
        return app.answers[min(number, len(app.answers)) - 1] if app.answers else None


def read_script(path: Path, diagnostics: Diagnostics) -> Script:
    """Read the file at `path`; what is wrong with it goes into `diagnostics`."""
    top = read_yaml(path, str(path), diagnostics)
    wanted = "a mapping with apps, models or tools"
    entries = expect_mapping(top, diagnostics, wanted) if top else None
    if top is None or entries is None:
        return Script()
    _check_keys(top, ("apps", "models", "tools"), diagnostics)
    tables: dict[str, dict[str, ScriptedApp]] = {}
    for name, what in (("apps", "app ids"), ("models", "models"), ("tools", "tools")):
        table = entries.get(name)
        named = expect_mapping(table, diagnostics, f"a mapping of {what}") if table else None
        keys = ("mode", "answers", "when") if name == "apps" else ("answers", "when")
        tables[name] = {each: _app(node, diagnostics, keys) for each, node in (named or {}).items()}
    return Script(tables["apps"], tables["models"], tables["tools"])


def _app(node: YamlValue, diagnostics: Diagnostics, keys: tuple[str, ...]) -> ScriptedApp:
    entries = expect_mapping(node, diagnostics, f"a mapping with {' or '.join(keys)}")
    if entries is None:
        return ScriptedApp()
    _check_keys(node, keys, diagnostics)
    mode = entries.get("mode")
    if mode is not None and mode.text not in MODES:
        diagnostics.error(
            "invalid-value", f"expected one of {', '.join(MODES)}", mode.place, key=mode.key
        )
    answers = entries.get("answers")
    items = expect_list(answers, diagnostics, "a list of answers") if answers else None
    when = entries.get("when")
    cases = expect_list(when, diagnostics, "a list of cases") if when else None
    return ScriptedApp(
        mode.text if mode else None,
        tuple(case for each in cases or () if (case := _case(each, diagnostics))),
        tuple(_turn(item, diagnostics) for item in items or ()),
    )


def _case(node: YamlValue, diagnostics: Diagnostics) -> tuple[str, Turn] | None:
    entries = expect_mapping(node, diagnostics, "a case: a mapping with asks, and an answer")
    if entries is None:
        return None
    asks = entries.get("asks")
    if asks is None:
        diagnostics.error("missing-key", "missing; expected what is asked", node.place, key="asks")
        return None
    words = expect_text(asks, diagnostics)
    return None if words is None else (words, _turn(node, diagnostics, ("asks",)))


def _turn(node: YamlValue, diagnostics: Diagnostics, besides: tuple[str, ...] = ()) -> Turn:
    if node.kind not in ("a mapping", "a list", "nothing"):
        return Turn(node.text)
    entries = expect_mapping(node, diagnostics, _ANSWER)
    if entries is None:
        return Turn()
    _check_keys(node, ("answer", "outputs", "error", *besides), diagnostics)
    answer, outputs, error = (entries.get(name) for name in ("answer", "outputs", "error"))
    if answer is None and outputs is None and error is None:
        diagnostics.error("missing-key", f"expected {_ANSWER}", node.place, key=node.key)
    if outputs is not None:
        expect_mapping(outputs, diagnostics, "a mapping of outputs")
    return Turn(
        answer.text if answer else "",
        outputs.plain() if outputs is not None and outputs.kind == "a mapping" else None,
        _error(error, diagnostics) if error else None,
    )


def _error(node: YamlValue, diagnostics: Diagnostics) -> ScriptedError | None:
    entries = expect_mapping(node, diagnostics, "an error: a mapping with status, code, message")
    if entries is None:
        return None
    _check_keys(node, ("status", "code", "message"), diagnostics)
    texts = {name: each.text for name, each in entries.items()}
    status = texts.get("status", "400")
    if not (status.isdecimal() and 400 <= int(status) <= 599):
        diagnostics.error("invalid-value", "expected a status of 400 to 599", node.place)
        return None
    return ScriptedError(
        int(status), texts.get("code", "scripted"), texts.get("message", "As the script says.")
    )


def _check_keys(node: YamlValue, known: tuple[str, ...], diagnostics: Diagnostics) -> None:
    for name, entry in node.entries.items():
        if name not in known:
            diagnostics.error(
                "unknown-key",
                "is unknown here",
                entry.place,
                key=entry.key,
                hint=did_you_mean(name, known),
            )
