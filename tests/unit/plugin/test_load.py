"""Loading plugins: what they say, and every fault with its place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from packager.analysis.sources import PluginSources
from packager.errors import Code, Diagnostic, Diagnostics, Place
from packager.inputs.plugin_folder import PluginFolder
from packager.model.options import Options
from packager.model.plugin import Endpoint, EndpointGroup, Setting
from packager.plugin.load import load_plugin
from packager.plugin.plugin import Plugin
from packager.requirements.requirements import Requirements
from tests.support.plugin_writer import ENDPOINT, GROUP, MANIFEST, SOURCE, write_plugin

ONE_EACH = "declare one endpoint for each method; they may share path and source"
METHODS = "HEAD, GET, POST, PUT, DELETE, OPTIONS"
TYPES = (
    "secret-input, text-input, select, boolean, model-selector, app-selector, array[tools], "
    "number, tool-selector, any"
)
AN_ENDPOINT = "an endpoint: the path of its YAML file, or a mapping with path, method and extra"


def load(
    root: Path,
    changes: Mapping[str, str | bytes | None] | None = None,
    links: Mapping[str, str] | None = None,
) -> tuple[Plugin | None, list[Diagnostic]]:
    diagnostics = Diagnostics()
    write_plugin(root, changes)
    for name, target in (links or {}).items():
        (root / name).symlink_to(target)
    plugin = load_plugin(root, diagnostics, display="tiny")
    return plugin, diagnostics.all


def sound(root: Path, changes: Mapping[str, str | bytes | None]) -> Plugin:
    plugin, diagnostics = load(root, changes)
    assert diagnostics == []
    assert plugin is not None
    return plugin


def error(
    code: Code,
    message: str,
    file: str,
    line: int | None = None,
    column: int | None = None,
    key: str = "",
    hint: str | None = None,
) -> Diagnostic:
    return Diagnostic(code, message, Place(f"tiny/{file}", line, column), key, hint)


def test_a_sound_plugin(tmp_path: Path) -> None:
    assert load(tmp_path) == (
        Plugin(
            folder=PluginFolder(tmp_path, "tiny"),
            name="tiny",
            version="0.0.1",
            author="me",
            description="A tiny plugin.",
            groups=(
                EndpointGroup(
                    name="tiny",
                    file="group/tiny.yaml",
                    settings=(
                        Setting(
                            "api_key", "secret-input", True, Place("tiny/group/tiny.yaml", 2, 11)
                        ),
                    ),
                    endpoints=(
                        Endpoint(
                            "/duck/<app_id>",
                            "GET",
                            "endpoints/duck.py",
                            False,
                            Place("tiny/endpoints/duck.yaml", 1, 1),
                            Place("tiny/endpoints/duck.yaml", 1, 7),
                            Place("tiny/endpoints/duck.yaml", 5, 13),
                        ),
                    ),
                    place=Place("tiny/manifest.yaml", 9, 7),
                ),
            ),
            options={"tiny": Options()},
            storage_enabled=False,
            place=Place("tiny/manifest.yaml", 4, 7),
            requirements=Requirements(tmp_path),
            sources=PluginSources(tmp_path, ()),
            descriptions={"en_US": "A tiny plugin."},
        ),
        [],
    )


def test_the_folder_is_named_as_it_was_given(tmp_path: Path) -> None:
    diagnostics = Diagnostics()
    write_plugin(tmp_path, {"manifest.yaml": None})
    assert load_plugin(tmp_path, diagnostics) is None
    assert diagnostics.all == [
        Diagnostic(
            "no-manifest",
            "there is no manifest.yaml, so this is not a plugin",
            Place(f"{tmp_path}/manifest.yaml"),
            hint="name the plugin's own folder, or make a new plugin: packager init NAME",
        )
    ]


def test_settings_as_a_list_and_as_a_map_mean_the_same(tmp_path: Path) -> None:
    listed = """\
    settings:
      - {name: a-b, type: text-input, default: 8080, required: "true", label: {en_US: A}}
      - {name: pick, type: select, multiple: yes, options: [{value: yes}, {value: 1.0}, plain]}
    endpoints: [endpoints/duck.yaml]
    """
    mapped = """\
    settings:
      a-b: {type: text-input, default: 8080, required: "true", label: {en_US: A}}
      pick: {type: select, multiple: yes, options: [{value: yes}, {value: 1.0}, plain]}
    endpoints: [endpoints/duck.yaml]
    """
    first = sound(tmp_path / "1", {"group/tiny.yaml": listed}).groups[0].settings
    second = sound(tmp_path / "2", {"group/tiny.yaml": mapped}).groups[0].settings
    file = "tiny/group/tiny.yaml"
    assert first == (
        Setting(
            name="a-b",
            type="text-input",
            required=True,
            place=Place(file, 2, 12),
            default="8080",
            has_default=True,
            label={"en_US": "A"},
        ),
        Setting(
            name="pick",
            type="select",
            required=False,
            place=Place(file, 3, 12),
            options=("yes", "1.0", "plain"),
            multiple=True,
        ),
    )
    assert [(each.name, each.default, each.place) for each in second] == [
        ("a-b", "8080", Place(file, 2, 3)),
        ("pick", None, Place(file, 3, 3)),
    ]


@pytest.mark.parametrize(
    ("written", "default"),
    [
        ("boolean, default: no", False),
        ("boolean, default: 'Yes'", True),
        ("boolean, default: ''", None),
        ("select, default: ''", None),
        ("boolean", None),
        ("'array[tools]', default: [{a: 1}]", [{"a": 1}]),
        ("text-input, default: ' '", " "),
        ("text-input, default: ", None),
        ("text-input, default: 2024-01-01", "2024-01-01"),
        ("number, default: 1.5", 1.5),
    ],
)
def test_defaults(tmp_path: Path, written: str, default: object) -> None:
    group = f"settings: [{{name: x, type: {written}}}]\nendpoints: [endpoints/duck.yaml]\n"
    setting = sound(tmp_path, {"group/tiny.yaml": group}).groups[0].settings[0]
    assert (setting.default, setting.has_default) == (default, "default" in written)


@pytest.mark.parametrize("settings", ["", "settings:\n", "settings: []\n", "settings: {}\n"])
def test_no_settings(tmp_path: Path, settings: str) -> None:
    group = settings + "endpoints: [endpoints/duck.yaml]\n"
    assert sound(tmp_path, {"group/tiny.yaml": group}).groups[0].settings == ()


def test_an_inline_endpoint_and_odd_ways_to_write_paths(tmp_path: Path) -> None:
    group = r"""
    endpoints:
      - ./endpoints//duck.yaml
      - path: /inline
        method: POST
        hidden: yes
        extra: {python: {source: 'endpoints\odd-name.py'}}
      - {path: /up, method: PUT, extra: {python: {source: lib/../endpoints/duck.py}}}
      - {path: /bare, method: PUT, extra: {python: {source: endpoints/duck}}}
    """
    plugin = sound(tmp_path, {"group/tiny.yaml": group, "endpoints/odd-name.py": SOURCE})
    assert [
        (each.path, each.method, each.source, each.hidden) for each in plugin.groups[0].endpoints
    ] == [
        ("/duck/<app_id>", "GET", "endpoints/duck.py", False),
        ("/inline", "POST", "endpoints/odd-name.py", True),
        ("/up", "PUT", "endpoints/duck.py", False),
        ("/bare", "PUT", "endpoints/duck.py", False),
    ]


def test_groups_are_named_by_stem_or_path(tmp_path: Path) -> None:
    manifest = MANIFEST + "    - provider/tiny.yaml\n    - provider/other.yml\n"
    plugin = sound(
        tmp_path,
        {"manifest.yaml": manifest, "provider/tiny.yaml": GROUP, "provider/other.yml": GROUP},
    )
    assert [group.name for group in plugin.groups] == ["group/tiny", "provider/tiny", "other"]
    assert list(plugin.options) == ["group/tiny", "provider/tiny", "other"]


def test_storage_and_lenient_manifests(tmp_path: Path) -> None:
    manifest = """\
    name: tiny
    version: 1.0
    description: plain
    unknown: {key: [1]}
    resource: {permission: {storage: {enabled: true, size: 2048}, tool: }}
    plugins: {endpoints: [group/tiny.yaml], tools: []}
    """
    plugin = sound(tmp_path, {"manifest.yaml": manifest})
    assert (plugin.version, plugin.author, plugin.description) == ("1.0", "", "plain")
    assert (plugin.storage_enabled, plugin.storage_size) == (True, 2048)


def test_what_the_console_shows_of_a_plugin(tmp_path: Path) -> None:
    both = "icon: icon.svg\ndescription:\n  en_US: Cats\n  ja_JP: 猫\n"
    manifest = MANIFEST.replace("description:\n  en_US: A tiny plugin.\n", both)
    plugin = sound(tmp_path, {"manifest.yaml": manifest})
    assert (plugin.icon, plugin.descriptions) == ("icon.svg", {"en_US": "Cats", "ja_JP": "猫"})
    for icon in ("[a]", "{en_US: a}", "3", ""):
        odd = sound(tmp_path, {"manifest.yaml": MANIFEST + f"icon: {icon}\n"})
        assert odd.icon is None


NO_GROUP = (
    "the plugin declares no endpoint group; expected the path of an endpoint group's YAML file"
)
LIST_IT = "list the group's file, such as group/webhook.yaml, under plugins.endpoints"


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        (
            "",
            error(
                "wrong-type",
                "expected a mapping with name and plugins, not nothing",
                "manifest.yaml",
                1,
                1,
            ),
        ),
        (
            "- a\n",
            error(
                "wrong-type",
                "expected a mapping with name and plugins, not a list",
                "manifest.yaml",
                1,
                1,
            ),
        ),
        (
            "plugins: {endpoints: [group/tiny.yaml]}\n",
            error(
                "missing-key", "missing; expected the plugin's name", "manifest.yaml", 1, 1, "name"
            ),
        ),
        (
            "name: Tiny\nplugins: {endpoints: [group/tiny.yaml]}\n",
            error(
                "invalid-value",
                "'Tiny' can't be a plugin's name; expected 1 to 128 of a-z, 0-9, _ and -",
                "manifest.yaml",
                1,
                7,
                "name",
            ),
        ),
        (
            "name: [tiny]\nplugins: {endpoints: [group/tiny.yaml]}\n",
            error(
                "wrong-type",
                "expected the plugin's name, not a list",
                "manifest.yaml",
                1,
                7,
                "name",
            ),
        ),
        (
            "name: tiny\n",
            error("no-group", NO_GROUP, "manifest.yaml", 1, 1, "plugins.endpoints", LIST_IT),
        ),
        (
            "name: tiny\nplugins:\n",
            error("no-group", NO_GROUP, "manifest.yaml", 2, 9, "plugins.endpoints", LIST_IT),
        ),
        (
            "name: tiny\nplugins:\n  endpoints: []\n",
            error("no-group", NO_GROUP, "manifest.yaml", 3, 14, "plugins.endpoints", LIST_IT),
        ),
        (
            "name: tiny\nplugins:\n  tools: [a.yaml]\n",
            error(
                "no-group",
                NO_GROUP,
                "manifest.yaml",
                3,
                3,
                "plugins.endpoints",
                "only endpoints and triggers can be packaged; this plugin has tools",
            ),
        ),
        (
            "name: tiny\nplugins: {endpoints: group/tiny.yaml}\n",
            error(
                "wrong-type",
                "expected a list of endpoint groups' YAML files, not text",
                "manifest.yaml",
                2,
                22,
                "plugins.endpoints",
            ),
        ),
        (
            "name: tiny\nplugins: {endpoints: [{a: b}]}\n",
            error(
                "wrong-type",
                "expected the path of an endpoint group's YAML file, not a mapping",
                "manifest.yaml",
                2,
                23,
                "plugins.endpoints[0]",
            ),
        ),
        (
            "name: tiny\nplugins: {endpoints: [group/tiny.yaml, ./group/tiny.yaml]}\n",
            error(
                "duplicate",
                "the group group/tiny.yaml is listed twice; first at tiny/manifest.yaml:2:23",
                "manifest.yaml",
                2,
                40,
                "plugins.endpoints[1]",
            ),
        ),
        (
            "name: tiny\nplugins: {endpoints: [group/tinny.yaml]}\n",
            error(
                "missing-file",
                "there is no file group/tinny.yaml; "
                "expected the path of an endpoint group's YAML file",
                "manifest.yaml",
                2,
                23,
                "plugins.endpoints[0]",
                "did you mean group/tiny.yaml?",
            ),
        ),
        (
            "name: tiny\nplugins: {endpoints: [group/tiny.yaml]}\n"
            "resource: {permission: {storage: {enabled: maybe, size: big}}}\n",
            error(
                "wrong-type",
                "expected a number of bytes, not text",
                "manifest.yaml",
                3,
                57,
                "resource.permission.storage.size",
            ),
        ),
    ],
)
def test_faults_of_a_manifest(tmp_path: Path, manifest: str, expected: Diagnostic) -> None:
    plugin, diagnostics = load(tmp_path, {"manifest.yaml": manifest})
    assert plugin is None
    assert diagnostics[0] == expected


@pytest.mark.parametrize(
    ("reference", "problem", "hint"),
    [
        ("../x.yaml", "../x.yaml lies outside the plugin", None),
        ("a/../../x.yaml", "a/../../x.yaml lies outside the plugin", None),
        ("/etc/passwd", "/etc/passwd lies outside the plugin", None),
        ("C:\\x.yaml", "C:\\x.yaml lies outside the plugin", None),
        ("group", "there is only a folder group", None),
        ("endpoints/duck.py", "", None),
        ("Group/Tiny.yaml", "there is no file Group/Tiny.yaml", "did you mean group/tiny.yaml?"),
        ("x" * 300, f"there is no file {'x' * 300} (file name too long)", None),
        ("link.yaml", "link.yaml is a link that leaves the plugin", None),
    ],
)
def test_references_stay_inside(
    tmp_path: Path, reference: str, problem: str, hint: str | None
) -> None:
    (tmp_path / "outside.yaml").write_text(GROUP)
    (tmp_path / "plugin").mkdir()
    (tmp_path / "plugin" / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    manifest = f"name: tiny\nplugins:\n  endpoints:\n    - {reference}\n"
    plugin, diagnostics = load(tmp_path / "plugin", {"manifest.yaml": manifest})
    what = "expected the path of an endpoint group's YAML file"
    message = {
        "": f"{what}, not {reference}",
        f"{reference} lies outside the plugin": f"{problem}; {what}, relative to its folder",
    }.get(problem, f"{problem}; {what}")
    assert plugin is None
    assert [(each.message, each.place) for each in diagnostics] == [
        (message, Place("tiny/manifest.yaml", 4, 7))
    ]
    if hint:
        assert diagnostics[0].hint == hint


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        (
            "settings: []\n",
            error(
                "missing-key",
                "missing; expected a list of endpoints",
                "group/tiny.yaml",
                1,
                1,
                "endpoints",
            ),
        ),
        (
            "endpoint: [endpoints/duck.yaml]\n",
            error(
                "missing-key",
                "missing; expected a list of endpoints",
                "group/tiny.yaml",
                1,
                1,
                "endpoints",
                "is endpoint meant to be endpoints?",
            ),
        ),
        (
            "endpoints: []\n",
            error(
                "no-endpoints",
                f"the group has no endpoints; expected {AN_ENDPOINT}",
                "group/tiny.yaml",
                1,
                12,
                "endpoints",
            ),
        ),
        (
            "endpoints: {path: /}\n",
            error(
                "wrong-type",
                "expected a list of endpoints, not a mapping",
                "group/tiny.yaml",
                1,
                12,
                "endpoints",
            ),
        ),
        (
            "endpoints: [[]]\n",
            error(
                "wrong-type",
                f"expected {AN_ENDPOINT}, not a list",
                "group/tiny.yaml",
                1,
                13,
                "endpoints[0]",
            ),
        ),
        (
            "settings: [{type: boolean}]\nendpoints: [endpoints/duck.yaml]\n",
            error(
                "missing-key",
                "missing; expected the setting's name",
                "group/tiny.yaml",
                1,
                12,
                "settings[0].name",
            ),
        ),
        (
            "settings: [api_key]\nendpoints: [endpoints/duck.yaml]\n",
            error(
                "wrong-type",
                "expected a setting: a mapping with name and type, not text",
                "group/tiny.yaml",
                1,
                12,
                "settings[0]",
            ),
        ),
        (
            "settings: {x: }\nendpoints: [endpoints/duck.yaml]\n",
            error(
                "wrong-type",
                "expected a setting: a mapping with type, not nothing",
                "group/tiny.yaml",
                1,
                15,
                "settings.x",
            ),
        ),
        (
            "settings: {x: {label: X}}\nendpoints: [endpoints/duck.yaml]\n",
            error(
                "missing-key",
                f"missing; expected one of {TYPES}",
                "group/tiny.yaml",
                1,
                15,
                "settings.x.type",
            ),
        ),
        (
            "settings: {x: {type: text_input}}\nendpoints: [endpoints/duck.yaml]\n",
            error(
                "invalid-value",
                f"'text_input' is not a type of a setting; expected one of {TYPES}",
                "group/tiny.yaml",
                1,
                22,
                "settings.x.type",
                "did you mean text-input?",
            ),
        ),
        (
            "settings: text\nendpoints: [endpoints/duck.yaml]\n",
            error(
                "wrong-type",
                "expected a list of settings, not text",
                "group/tiny.yaml",
                1,
                11,
                "settings",
            ),
        ),
        (
            "settings: [{name: x, type: boolean}, {name: x, type: boolean}]\n"
            "endpoints: [endpoints/duck.yaml]\n",
            error(
                "duplicate",
                "the setting x is declared twice; first at tiny/group/tiny.yaml:1:19",
                "group/tiny.yaml",
                1,
                45,
                "settings",
            ),
        ),
        (
            "settings: {x: {type: boolean, required: sure}}\nendpoints: [endpoints/duck.yaml]\n",
            error(
                "wrong-type",
                "expected true or false, not text",
                "group/tiny.yaml",
                1,
                41,
                "settings.x.required",
            ),
        ),
        (
            "settings: {x: {type: select, options: a}}\nendpoints: [endpoints/duck.yaml]\n",
            error(
                "wrong-type",
                "expected a list of options, not text",
                "group/tiny.yaml",
                1,
                39,
                "settings.x.options",
            ),
        ),
        (
            "settings:\n"
            + "".join(f"  s{n}: {{type: boolean}}\n" for n in range(65))
            + "endpoints: [endpoints/duck.yaml]\n",
            error(
                "too-large",
                "there are 65 settings; Dify takes 64",
                "group/tiny.yaml",
                66,
                3,
                "settings",
            ),
        ),
    ],
)
def test_faults_of_a_group(tmp_path: Path, group: str, expected: Diagnostic) -> None:
    assert load(tmp_path, {"group/tiny.yaml": group}) == (None, [expected])


A_SOURCE = "the path of a Python file (.py)"


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        (
            "path: /\nmethod: get\nextra: {python: {source: endpoints/duck.py}}\n",
            error(
                "invalid-value",
                f"'get' is not a method of an endpoint; expected one of {METHODS}",
                "endpoints/duck.yaml",
                2,
                9,
                "method",
                "write GET",
            ),
        ),
        (
            "path: /\nmethod: PATCH\nextra: {python: {source: endpoints/duck.py}}\n",
            error(
                "invalid-value",
                f"'PATCH' is not a method of an endpoint; expected one of {METHODS}",
                "endpoints/duck.yaml",
                2,
                9,
                "method",
                ONE_EACH,
            ),
        ),
        (
            "path: /\nmethod: [GET]\nextra: {python: {source: endpoints/duck.py}}\n",
            error(
                "wrong-type",
                f"expected one of {METHODS}, not a list",
                "endpoints/duck.yaml",
                2,
                9,
                "method",
                ONE_EACH,
            ),
        ),
        (
            "path: /\nextra: {python: {source: endpoints/duck.py}}\n",
            error(
                "missing-key",
                f"missing; expected one of {METHODS}",
                "endpoints/duck.yaml",
                1,
                1,
                "method",
            ),
        ),
        (
            "method: GET\nextra: {python: {source: endpoints/duck.py}}\n",
            error(
                "missing-key",
                "missing; expected a URL path that starts with /",
                "endpoints/duck.yaml",
                1,
                1,
                "path",
            ),
        ),
        (
            "path: duck\nmethod: GET\nextra: {python: {source: endpoints/duck.py}}\n",
            error(
                "invalid-path",
                "'duck' does not start with /; expected a URL path such as /duck",
                "endpoints/duck.yaml",
                1,
                7,
                "path",
            ),
        ),
        (
            "path: /\nmethod: GET\n",
            error(
                "missing-key",
                f"missing; expected extra.python.source, {A_SOURCE}",
                "endpoints/duck.yaml",
                1,
                1,
                "extra",
            ),
        ),
        (
            "path: /\nmethod: GET\nextra: {python: }\n",
            error(
                "wrong-type",
                "expected a mapping, not nothing",
                "endpoints/duck.yaml",
                3,
                17,
                "extra.python",
            ),
        ),
        (
            "path: /\nmethod: GET\nextra: {python: {source: endpoints/dukc.py}}\n",
            error(
                "missing-file",
                f"there is no file endpoints/dukc.py; expected {A_SOURCE}",
                "endpoints/duck.yaml",
                3,
                26,
                "extra.python.source",
                "did you mean endpoints/duck.py?",
            ),
        ),
        (
            "path: /\nmethod: GET\nextra: {python: {source: ../duck.py}}\n",
            error(
                "outside-plugin",
                f"../duck.py lies outside the plugin; expected {A_SOURCE}, relative to its folder",
                "endpoints/duck.yaml",
                3,
                26,
                "extra.python.source",
            ),
        ),
        (
            "path: /\nmethod: GET\nextra: {python: {source: group/tiny.yaml}}\n",
            error(
                "missing-file",
                f"expected {A_SOURCE}, not group/tiny.yaml",
                "endpoints/duck.yaml",
                3,
                26,
                "extra.python.source",
            ),
        ),
        (
            "[]\n",
            error(
                "wrong-type",
                "expected a mapping with path, method and extra, not a list",
                "endpoints/duck.yaml",
                1,
                1,
            ),
        ),
    ],
)
def test_faults_of_an_endpoint(tmp_path: Path, endpoint: str, expected: Diagnostic) -> None:
    assert load(tmp_path, {"endpoints/duck.yaml": endpoint}) == (None, [expected])


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    plugin, diagnostics = load(
        tmp_path,
        {
            "manifest.yaml": MANIFEST.replace("tiny\n", "Tiny\n", 1) + "    - group/b.yaml\n",
            "group/b.yaml": "a: b: c\n",
            "group/tiny.yaml": GROUP + "  - endpoints/goose.yaml\n  - endpoints/same.yaml\n",
            "endpoints/same.yaml": ENDPOINT.replace("app_id", "other"),
            "endpoints/duck.py": "class Duck:\n    pass\n",
            "packager.toml": "memory = 5\n",
            "requirements.txt": "six\n==\n",
        },
        {"gone": "nowhere"},
    )
    assert plugin is None
    assert [str(diagnostic) for diagnostic in diagnostics] == [
        "tiny/manifest.yaml:4:7: name: 'Tiny' can't be a plugin's name; "
        "expected 1 to 128 of a-z, 0-9, _ and -",
        "tiny/group/tiny.yaml:7:5: endpoints[1]: there is no file endpoints/goose.yaml; "
        "expected the path of an endpoint's YAML file",
        "tiny/group/b.yaml:1:5: not valid YAML: mapping values are not allowed here",
        "tiny/endpoints/same.yaml:1:7: path: the route GET /duck/<other> is declared twice; "
        "first at tiny/endpoints/duck.yaml:1:7 as /duck/<app_id>",
        "tiny/packager.toml:1:1: memory: expected a whole number of MiB from 128 to 10240, not 5",
        "tiny/endpoints/duck.py:1: expected one subclass of dify_plugin.Endpoint, "
        "and there is none",
        "tiny/requirements.txt:2: unreadable requirement '==': "
        "expected package name at the start of dependency specifier",
        "tiny/gone: the link leads nowhere: nowhere",
    ]


def test_an_endpoints_path_is_checked_whatever_else_is_wrong(tmp_path: Path) -> None:
    _, diagnostics = load(tmp_path, {"endpoints/duck.yaml": "path: duck\nmethod: ANY\n"})
    assert [(diagnostic.place, diagnostic.key) for diagnostic in diagnostics] == [
        (Place("tiny/endpoints/duck.yaml", 2, 9), "method"),
        (Place("tiny/endpoints/duck.yaml", 1, 1), "extra"),
        (Place("tiny/endpoints/duck.yaml", 1, 7), "path"),
    ]


def test_a_file_of_two_groups_is_faulted_once(tmp_path: Path) -> None:
    changes = {
        "manifest.yaml": MANIFEST + "    - group/b.yaml\n",
        "group/b.yaml": "endpoints: [endpoints/duck.yaml]\n",
        "endpoints/duck.yaml": "path: /duck\nmethod: GET\n",
    }
    assert [str(diagnostic.place) for diagnostic in load(tmp_path, changes)[1]] == [
        "tiny/endpoints/duck.yaml:1:1"
    ]


def test_a_broken_pyproject_is_faulted_once(tmp_path: Path) -> None:
    _, diagnostics = load(tmp_path, {"pyproject.toml": "[project\n"})
    assert [str(diagnostic) for diagnostic in diagnostics] == [
        "tiny/pyproject.toml:1:9: not valid TOML: expected ']' at the end of a table declaration"
    ]


def test_a_build_inside_the_plugin_is_not_read(tmp_path: Path) -> None:
    changes = {
        "out/XFunction/endpoint_runtime/_bundle.py": "",
        "out/XFunction/plugin/broken.py": "= =",
    }
    assert load(tmp_path, changes)[1] == []


def test_a_manifest_by_another_name(tmp_path: Path) -> None:
    plugin, diagnostics = load(tmp_path, {"manifest.yaml": None, "manifest.yml": MANIFEST})
    assert plugin is None
    assert diagnostics == [
        error(
            "no-manifest",
            "there is no manifest.yaml, so this is not a plugin",
            "manifest.yaml",
            hint="rename manifest.yml to manifest.yaml",
        )
    ]


AN_ENDPOINT_LISTED = Diagnostic(
    "no-group",
    "endpoints/duck.yaml is an endpoint where a group belongs; Dify takes it as a group without "
    "endpoints, and there is no function for it",
    Place("tiny/manifest.yaml", 10, 7),
    "plugins.endpoints[1]",
    "list a group's file here: a mapping with endpoints, which lists this one",
    "warning",
)


def test_an_endpoint_where_a_group_belongs(tmp_path: Path) -> None:
    """Dify reads it as a group that has no endpoints; the plugin's others work."""
    plugin, diagnostics = load(
        tmp_path, {"manifest.yaml": MANIFEST + "    - endpoints/duck.yaml\n"}
    )

    assert diagnostics == [AN_ENDPOINT_LISTED]
    assert plugin is not None
    assert [group.name for group in plugin.groups] == ["tiny"]


def test_nothing_but_endpoints_where_groups_belong(tmp_path: Path) -> None:
    manifest = MANIFEST.replace("group/tiny.yaml", "endpoints/duck.yaml")
    plugin, diagnostics = load(tmp_path, {"manifest.yaml": manifest})

    assert plugin is None
    assert [(diagnostic.level, str(diagnostic)) for diagnostic in diagnostics] == [
        ("warning", str(AN_ENDPOINT_LISTED).replace("10:7", "9:7").replace("[1]", "[0]")),
        (
            "error",
            "tiny/manifest.yaml:9:7: plugins.endpoints[0]: the plugin declares no endpoint group, "
            "only endpoints",
        ),
    ]


def test_more_endpoints_than_a_function_can_sensibly_have(tmp_path: Path) -> None:
    group = "endpoints:\n" + "  - endpoints/duck.yaml\n" * 1001
    assert load(tmp_path, {"group/tiny.yaml": group})[1] == [
        error(
            "too-large",
            "the group has 1001 endpoints; at most 1000 are possible",
            "group/tiny.yaml",
            2,
            3,
            "endpoints",
        )
    ]


def test_a_source_that_the_configuration_takes_out(tmp_path: Path) -> None:
    plugin, diagnostics = load(tmp_path, {"packager.toml": 'exclude = ["endpoints/"]\n'})

    assert (plugin, diagnostics) == (
        None,
        [
            error(
                "endpoint-excluded",
                "endpoints/duck.py does not ship, and answers GET /duck/<app_id>",
                "endpoints/duck.yaml",
                5,
                13,
                hint="`exclude` names it, or it lies in the output folder or among other bundles",
            )
        ],
    )
