"""Trigger providers and their events, as they are read and what is said of faults."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from packager.errors import Diagnostics, Place
from packager.inputs.plugin_folder import PluginFolder
from packager.inputs.yaml_tree import read_yaml
from packager.model.plugin import (
    EndpointGroup,
    OAuthSchema,
    Parameter,
    Setting,
    SubscriptionConstructor,
    TriggerEvent,
    TriggerProvider,
)
from packager.plugin.load import load_plugin
from packager.plugin.manifest import read_manifest
from packager.plugin.schemas import event_schema, provider_schema
from packager.plugin.triggers.providers import read_providers
from tests.support.trigger_plugin import OPENED, PROVIDER, RUNG, write_trigger_plugin

SHAPE = ("wrong-type", "missing-key", "invalid-value", "no-endpoints", "too-large")


def place(file: str, line: int, column: int | None = None) -> Place:
    return Place(f"p/{file}", line, column)


def loaded(root: Path, diagnostics: Diagnostics) -> EndpointGroup | None:
    plugin = load_plugin(root, diagnostics, display="p")
    return None if plugin is None else plugin.groups[0]


def test_a_provider(tmp_path: Path) -> None:
    diagnostics = Diagnostics()
    group = loaded(write_trigger_plugin(tmp_path), diagnostics)

    assert diagnostics.errors == []
    assert group == EndpointGroup(
        name="bell",
        file="provider/bell.yaml",
        settings=(),
        endpoints=(),
        place=place("manifest.yaml", 9, 7),
        provider=TriggerProvider(
            name="bell",
            source="provider/bell.py",
            source_place=place("provider/bell.yaml", 43, 13),
            label={"en_US": "Bell"},
            description={"en_US": "A door with a bell."},
            subscription_schema=(
                Setting(
                    "secret",
                    "secret-input",
                    True,
                    place("provider/bell.yaml", 9, 11),
                    label={"en_US": "Secret"},
                ),
            ),
            subscription_constructor=SubscriptionConstructor(
                parameters=(
                    Parameter(
                        "door",
                        "dynamic-select",
                        True,
                        place("provider/bell.yaml", 16, 13),
                        label={"en_US": "Door"},
                    ),
                ),
                credentials_schema=(
                    Setting(
                        "token",
                        "secret-input",
                        True,
                        place("provider/bell.yaml", 22, 5),
                        label={"en_US": "Token"},
                    ),
                ),
                oauth_schema=OAuthSchema(
                    (
                        Setting(
                            "client_id", "text-input", True, place("provider/bell.yaml", 29, 15)
                        ),
                    ),
                    (
                        Setting(
                            "access_token",
                            "secret-input",
                            False,
                            place("provider/bell.yaml", 33, 15),
                        ),
                    ),
                ),
                place=place("provider/bell.yaml", 14, 1),
            ),
            events=(
                TriggerEvent(
                    name="rung",
                    file="events/rung.yaml",
                    source="events/rung.py",
                    place=place("events/rung.yaml", 1, 1),
                    source_place=place("events/rung.yaml", 34, 13),
                    label={"en_US": "Rung"},
                    description={"en_US": "Somebody rang."},
                    parameters=(
                        Parameter(
                            "least",
                            "number",
                            False,
                            place("events/rung.yaml", 9, 11),
                            default=1,
                            has_default=True,
                            help={"en_US": "How often it has to ring."},
                            minimum=0,
                            maximum=10,
                        ),
                        Parameter(
                            "doors",
                            "select",
                            False,
                            place("events/rung.yaml", 16, 11),
                            options=("front", "back"),
                            option_labels={"front": {"en_US": "Front"}},
                            multiple=True,
                        ),
                    ),
                    output_schema={
                        "type": "object",
                        "properties": {
                            "door": {"type": "string"},
                            "times": {"type": "integer"},
                            "endpoint": {"type": "string"},
                        },
                    },
                ),
                TriggerEvent(
                    name="opened",
                    file="events/opened.yaml",
                    source="events/opened.py",
                    place=place("events/opened.yaml", 1, 1),
                    source_place=place("events/opened.yaml", 10, 13),
                    label={"en_US": "Opened"},
                    description={"en_US": "Somebody opened."},
                ),
            ),
        ),
    )
    assert group.sources == ("provider/bell.py", "events/rung.py", "events/opened.py")
    assert group.provider is not None
    assert [event.variables for event in group.provider.events] == [
        ("door", "times", "endpoint"),
        None,
    ]


LISTED = "events:\n  - events/rung.yaml\n  - events/opened.yaml"
FAULTS: dict[str, tuple[dict[str, str | bytes | None], str]] = {
    "a provider without events": (
        {"provider/bell.yaml": PROVIDER.replace(LISTED, "events: []")},
        "p/provider/bell.yaml:38:9: events: the provider has no events; expected a list of events' "
        "YAML files",
    ),
    "an event that is not there": (
        {"events/opened.yaml": None},
        "p/provider/bell.yaml:40:5: events[1]: there is no file events/opened.yaml; expected the "
        "path of an event's YAML file",
    ),
    "an event that is written in place": (
        {"provider/bell.yaml": PROVIDER.replace("- events/opened.yaml", "- {identity: {name: x}}")},
        "p/provider/bell.yaml:40:5: events[1]: expected the path of an event's YAML file, not a "
        "mapping",
    ),
    "two events of one name": (
        {"events/opened.yaml": OPENED.replace("name: opened", "name: rung")},
        "p/provider/bell.yaml:40:5: events[1]: the event rung is declared twice; first in "
        "events/rung.yaml",
    ),
    "a name with a dot": (
        {"events/opened.yaml": OPENED.replace("name: opened", "name: door.opened")},
        "p/events/opened.yaml:2:9: identity.name: 'door.opened' can't be such a name; expected "
        "letters, digits, _ and -",
    ),
    "a type of a setting": (
        {"events/rung.yaml": RUNG.replace("type: number", "type: text-input")},
        "p/events/rung.yaml:10:11: parameters[0].type: 'text-input' is not a type of a parameter; "
        "expected one of string, number, boolean, select, checkbox, file, files, model-selector, "
        "app-selector, object, array, dynamic-select",
    ),
    "a parameter twice": (
        {"events/rung.yaml": RUNG.replace("name: doors", "name: least")},
        "p/events/rung.yaml:16:11: parameters[1]: the parameter least is declared twice; first at "
        "p/events/rung.yaml:9:11",
    ),
    "a bound that is text": (
        {"events/rung.yaml": RUNG.replace("max: 10", "max: many")},
        "p/events/rung.yaml:12:10: parameters[0].max: expected a number, not text",
    ),
    "no Trigger": (
        {"provider/bell.py": "from dify_plugin.interfaces.trigger import Trigger\n"},
        "p/provider/bell.py:1: expected one subclass of dify_plugin.interfaces.trigger.Trigger, "
        "and there is none",
    ),
    "no Event": (
        {"events/opened.py": "class Opened: ...\n"},
        "p/events/opened.py:1: expected one subclass of dify_plugin.interfaces.trigger.Event, and "
        "there is none",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault(tmp_path: Path, name: str) -> None:
    changes, expected = FAULTS[name]
    diagnostics = Diagnostics()

    loaded(write_trigger_plugin(tmp_path, changes), diagnostics)

    assert expected in [str(each) for each in diagnostics.errors]


def test_a_constructor_that_is_declared_has_its_class(tmp_path: Path) -> None:
    source = (
        "from dify_plugin.interfaces.trigger import Trigger\n"
        "class Bell(Trigger):\n    def _dispatch_event(self, subscription, request): ...\n"
    )
    diagnostics = Diagnostics()

    loaded(write_trigger_plugin(tmp_path, {"provider/bell.py": source}), diagnostics)

    assert [str(each) for each in diagnostics.errors] == [
        "p/provider/bell.py:1: expected one subclass of "
        "dify_plugin.interfaces.trigger.TriggerSubscriptionConstructor, and there is none"
    ]


def test_an_event_that_can_not_be_made(tmp_path: Path) -> None:
    source = (
        "from dify_plugin.interfaces.trigger import Event\n"
        "class Opened(Event):\n    def on_event(self, request, parameters, payload): ...\n"
    )
    diagnostics = Diagnostics()

    loaded(write_trigger_plugin(tmp_path, {"events/opened.py": source}), diagnostics)

    said = "p/events/opened.py:2: Opened has no _on_event: it can't be made, and it starts nothing"
    assert said in [str(each) for each in diagnostics.warnings]


def test_a_provider_beside_a_group_of_its_name(tmp_path: Path) -> None:
    changes = {
        "manifest.yaml": "name: bell\nplugins:\n  endpoints: [group/bell.yaml]\n"
        "  triggers: [provider/bell.yaml]\n",
        "group/bell.yaml": "endpoints: [{path: /, method: GET, extra: {python: {source: x.py}}}]\n",
        "x.py": "from dify_plugin import Endpoint\nclass X(Endpoint):\n"
        "  def _invoke(self, r, v, s): ...\n",
    }
    diagnostics = Diagnostics()

    plugin = load_plugin(write_trigger_plugin(tmp_path, changes), diagnostics, display="p")

    assert plugin is not None
    assert [group.name for group in plugin.groups] == ["bell", "provider/bell"]
    assert [plugin.options[group.name].is_managed for group in plugin.groups] == [False, True]


VALUES = st.one_of(
    st.sampled_from(["", "a", "number", "select", "a b", "x.py"]),
    st.none(),
    st.booleans(),
    st.integers(-1, 2),
    st.floats(0, 2),
    st.lists(st.sampled_from(["", "a", 1]), max_size=2),
    st.dictionaries(st.sampled_from(["value", "name", "python"]), st.just("a"), max_size=2),
)
PARAMETER = st.fixed_dictionaries(
    {},
    optional={
        "name": VALUES,
        "type": st.one_of(st.sampled_from(["number", "array"]), VALUES),
        **dict.fromkeys(("required", "multiple", "default", "options", "min", "max"), VALUES),
    },
)
PARAMETERS = st.one_of(st.lists(st.one_of(PARAMETER, VALUES), max_size=2), VALUES)
EXTRA = st.one_of(st.just({"python": {"source": "events/rung.py"}}), VALUES)
IDENTITY = st.one_of(st.fixed_dictionaries({"name": VALUES}), VALUES)
PROVIDERS = st.fixed_dictionaries(
    {},
    optional={
        "identity": IDENTITY,
        "subscription_schema": VALUES,
        "subscription_constructor": st.one_of(
            st.fixed_dictionaries({}, optional={"parameters": PARAMETERS, "oauth_schema": VALUES}),
            VALUES,
        ),
        "events": st.one_of(st.just(["events/rung.yaml"]), VALUES),
        "extra": EXTRA,
    },
)
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "identity": IDENTITY,
        "parameters": PARAMETERS,
        "output_schema": VALUES,
        "extra": EXTRA,
    },
)


def verdicts(changed: str, declared: Any, schema: dict[str, Any]) -> tuple[bool, bool]:
    """What a schema says of a file, and what reading the plugin with it does."""
    with tempfile.TemporaryDirectory() as scratch:
        root = write_trigger_plugin(Path(scratch), {changed: yaml.safe_dump(declared)})
        folder, diagnostics = PluginFolder(root, "p"), Diagnostics()
        manifest = read_manifest(folder, diagnostics)
        assert manifest is not None
        read_providers(folder, manifest.provider_files, (), diagnostics)
        tree = read_yaml(root / changed, f"p/{changed}", Diagnostics())
    assert tree is not None
    wrong = [
        each
        for each in diagnostics.errors
        if each.code in SHAPE and each.place and each.place.file == f"p/{changed}"
    ]
    return jsonschema.Draft202012Validator(schema).is_valid(tree.plain()), not wrong


@settings(max_examples=60)
@given(PROVIDERS)
def test_providers_get_the_same_verdict_from_the_schema(declared: Any) -> None:
    by_schema, by_reader = verdicts("provider/bell.yaml", declared, provider_schema())
    assert by_schema is by_reader


@settings(max_examples=60)
@given(EVENTS)
def test_events_get_the_same_verdict_from_the_schema(declared: Any) -> None:
    by_schema, by_reader = verdicts("events/rung.yaml", declared, event_schema())
    assert by_schema is by_reader


def test_sound_files_fit_their_schemas(tmp_path: Path) -> None:
    for changed, text, schema in (
        ("provider/bell.yaml", PROVIDER, provider_schema()),
        ("events/rung.yaml", RUNG, event_schema()),
        ("events/opened.yaml", OPENED, event_schema()),
    ):
        assert verdicts(changed, yaml.safe_load(text), schema) == (True, True)
