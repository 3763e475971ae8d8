"""A group's settings as fields of a form, and what a filled form says of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Any, Literal

from packager.config.calls.choices import Choices
from packager.config.refused import InvalidValue
from packager.config.sources import read_reference
from packager.console.forms import Form
from packager.console.selectors import chosen_model, chosen_tool
from packager.console.source import Group
from packager.dataclass import dataclass
from packager.endpoints.function import Values
from packager.endpoints.given import Given, is_reference
from packager.errors import Diagnostics
from packager.model.options import AwsSource, SecretSource, SsmSource
from packager.model.plugin import Setting
from packager.settings.choices import unanswered
from packager.settings.language import text_in
from packager.settings.values import WrongValue, value_of_text

Kind = Literal["line", "lines", "secret", "number", "boolean", "choice", "choices", "app", "json"]
_EXAMPLES = {
    "model-selector": '{"provider": "…", "model": "…", "model_type": "llm"}',
    "array[tools]": "[]",
    "tool-selector": "{}",
}


@dataclass(frozen=True, slots=True)
class Field:
    """A setting as a form shows it: `text` is what the field holds, and never a secret.

    `present` is whether there is a value that is not shown. `source` is "" for a value, or where
    one is kept: "ssm", "secret"; `place` and `key` say where there.
    """

    setting: Setting
    kind: Kind
    label: str
    help: str = ""
    placeholder: str = ""
    url: str = ""
    options: tuple[tuple[str, str], ...] = ()
    default: str | None = None
    text: str = ""
    chosen: tuple[str, ...] = ()
    present: bool = False
    source: str = ""
    place: str = ""
    key: str = ""
    error: str = ""
    again: bool = False  # a secret that was filled in, and has to be once more
    known: tuple[str, ...] = field(default=())  # apps to choose from
    any_app: bool = False
    offers: tuple[tuple[str, str], ...] = ()  # names of what is configured, and their JSON
    choices: Choices = field(default_factory=Choices)

    @property
    def name(self) -> str:
        """The setting's name."""
        return self.setting.name

    @property
    def id(self) -> str:
        """What the page knows it by."""
        return f"field-{self.setting.name}"

    @property
    def needed(self) -> bool:
        """Whether it has to be filled: nothing steps in."""
        return self.setting.required and self.setting.default is None


def fields_of(
    group: Group, values: Values, language: str, settings: Sequence[Setting] | None = None
) -> list[Field]:
    """Return the fields of a group's settings, or of others, for what has `values`."""
    declared = group.function.declaration.settings if settings is None else settings
    return [_field(group, each, values, language) for each in declared]


def filled(fields: list[Field], form: Form) -> list[Field]:
    """Return fields with what somebody has filled in, but for secrets."""
    return [_filled(each, form) for each in fields]


def with_errors(fields: list[Field], diagnostics: Diagnostics) -> list[Field]:
    """Return fields with what was found wrong with them; secrets have to be entered again."""
    wrong = {each.key: each for each in reversed(diagnostics.errors)}
    return [
        replace(each, error=wrong[each.name].message) if each.name in wrong else each
        for each in fields
    ]


def given_of(fields: list[Field], form: Form, diagnostics: Diagnostics) -> dict[str, Given]:
    """Return what a form says of settings: of those alone whose fields it changes.

    What is wrong goes into `diagnostics`, by the settings' names and without their values.
    """
    given: dict[str, Given] = {}
    for each in fields:
        if not form.has(f"source:{each.name}"):
            continue
        try:
            value = _value(each, form)
        except (WrongValue, InvalidValue) as wrong:
            diagnostics.error("invalid-value", str(wrong), key=each.name)
            given[each.name] = Given(None, wrong=True)
        else:
            if value is not _SAME:
                given[each.name] = Given(value)
    return given


_SAME = object()  # as it was


def _value(shown: Field, form: Form) -> Any:
    """Return what a field says: a value, a place, None for none, `_SAME` for no change."""
    name = shown.name
    source = form.text(f"source:{name}")
    if source in ("ssm", "secret"):
        place = form.text(f"place:{name}").strip()
        key = form.text(f"key:{name}").strip()
        written = {source: place} | ({"key": key} if key and source == "secret" else {})
        reference = read_reference(written)
        assert is_reference(reference)  # noqa: S101 - of these keys
        return _SAME if _same_place(shown, reference) else reference
    if shown.kind == "secret":
        text = form.text(f"value:{name}")
        if text:
            return value_of_text(shown.setting, text)
        gone = form.has(f"remove:{name}") or bool(shown.source)
        return None if gone else _SAME
    if shown.kind == "choices":
        chosen = tuple(form.all(f"value:{name}"))
        if chosen == shown.chosen and not shown.source:
            return _SAME
        return value_of_text(shown.setting, json.dumps(list(chosen))) if chosen else None
    text = form.text(f"value:{name}")
    if text == shown.text and not shown.source:
        return _SAME
    return _of_text(shown, text)


def _of_text(shown: Field, text: str) -> Any:
    if not text.strip() and shown.kind not in ("line", "lines"):
        return None
    if text == "":
        return None
    if shown.kind == "app" and not text.lstrip().startswith("{"):
        text = json.dumps({"app_id": text.strip()})
    value = value_of_text(shown.setting, text)
    for each in unanswered(shown.setting, value, shown.choices):
        raise WrongValue(f"{each.message} ({each.hint})")
    return value


def _same_place(shown: Field, reference: AwsSource | Any) -> bool:
    match reference:
        case SsmSource(place):
            return (shown.source, shown.place) == ("ssm", place)
        case SecretSource(place, key):
            return (shown.source, shown.place, shown.key) == ("secret", place, key or "")
    return False


def _filled(shown: Field, form: Form) -> Field:
    """Return a field as somebody has filled it in; what a secret was is not kept."""
    name = shown.name
    if not form.has(f"source:{name}"):
        return shown
    source = form.text(f"source:{name}")
    if source in ("ssm", "secret"):
        place, key = form.text(f"place:{name}"), form.text(f"key:{name}")
        return replace(shown, source=source, place=place, key=key, text="", chosen=())
    shown = replace(shown, source="", place="", key="")
    if shown.kind == "secret":
        return replace(shown, again=form.text(f"value:{name}") != "")
    if shown.kind == "choices":
        return replace(shown, chosen=tuple(form.all(f"value:{name}")))
    return replace(shown, text=form.text(f"value:{name}"))


def _field(group: Group, setting: Setting, values: Values, language: str) -> Field:
    value = values.plain.get(setting.name)
    reference = values.references.get(setting.name)
    kind = _kind(setting, value)
    shown = Field(
        setting,
        kind,
        label=text_in(setting.label, language) or setting.name,
        help=text_in(setting.help, language),
        placeholder=text_in(setting.placeholder, language) or _EXAMPLES.get(setting.type, ""),
        url=_web_address(text_in(setting.url, language)),
        options=tuple(
            (each, text_in(setting.option_labels.get(each, {}), language) or each)
            for each in setting.options
        ),
        default=_default(setting, language),
        known=group.apps if kind == "app" else (),
        any_app=group.any_app,
        offers=_offers(group, setting),
        choices=group.function.declaration.choices,
    )
    match reference:
        case SsmSource(place):
            return replace(shown, source="ssm", place=place)
        case SecretSource(place, key):
            return replace(shown, source="secret", place=place, key=key or "")
    if value is None:
        return shown
    if kind == "secret":
        return replace(shown, present=True)
    if kind == "choices":
        chosen = value if isinstance(value, list) else [value]
        return replace(shown, chosen=tuple(map(str, chosen)))
    return replace(shown, text=_text(kind, value))


def _offers(group: Group, setting: Setting) -> tuple[tuple[str, str], ...]:
    """Return the models or tools that are configured, each as Dify stores a chosen one."""
    found: list[tuple[str, Any]] = []
    match setting.type:
        case "model-selector":
            found = [(name, chosen_model(setting, name)) for name in group.models]
        case "array[tools]":
            found = [(name, [chosen_tool(name)]) for name in group.tools]
    return tuple((name, json.dumps(each, ensure_ascii=False, indent=2)) for name, each in found)


def _kind(setting: Setting, value: Any) -> Kind:
    match setting.type:
        case "secret-input":
            return "secret"
        case "boolean":
            return "boolean"
        case "number":
            return "number"
        case "select":
            return "choices" if setting.multiple else "choice"
        case "app-selector":
            return "app"
        case "text-input":
            return "lines" if isinstance(value, str) and "\n" in value else "line"
    return "json"


def _text(kind: Kind, value: Any) -> str:
    """Return what a field holds for a value, so that the same text means the same value."""
    if kind == "app" and isinstance(value, Mapping) and set(value) == {"app_id"}:
        app = value["app_id"]
        if isinstance(app, str) and app == app.strip() and not app.startswith("{"):
            return app
    if isinstance(value, str):
        return value.replace("\r\n", "\n")
    return json.dumps(value, ensure_ascii=False, indent=2 if kind == "json" else None)


def _default(setting: Setting, language: str) -> str | None:
    """Return how the form names what steps in for no value; None where nothing does."""
    value = setting.default
    if value is None:
        return None
    if setting.type == "secret-input":
        return "…"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return text_in(setting.option_labels.get(value, {}), language) or value
    return json.dumps(value, ensure_ascii=False)


def _web_address(url: str) -> str:
    """Return an address that a link may lead to: a plugin could write a script for one."""
    return url if url.startswith(("https://", "http://")) else ""
