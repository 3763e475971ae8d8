"""`packager endpoints` for functions that run on this machine."""

from __future__ import annotations

import hashlib
import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest

from packager.endpoints.hook_ids import is_genuine
from packager.endpoints.local import default_file
from tests.cli.conftest import Done, Run
from tests.support.cats import FILES

KEY = "s3cr3t-key-1"
VALUES = f"""\
api_key: {KEY}
greeting: yes
app: {{app_id: a}}
"""


def good(done: Done) -> Done:
    assert done.code == 0, done.stderr
    assert "s3cr3t" not in done.stdout + done.stderr
    return done


def made(run: Run, plugin: Path, name: str = "Pepper", values: str = VALUES) -> dict[str, Any]:
    arguments = ("create", plugin, "--name", name, "--file", "-", "--format", "json")
    facts: dict[str, Any] = json.loads(
        good(run("endpoints", *arguments, stdin=values.encode())).stdout
    )
    return facts


def listed(run: Run, plugin: Path) -> list[dict[str, Any]]:
    facts: list[dict[str, Any]] = json.loads(
        good(run("endpoints", "list", plugin, "--format", "json")).stdout
    )["endpoints"]
    return facts


def shown(run: Run, plugin: Path, name: str = "Pepper") -> dict[str, Any]:
    done = good(run("endpoints", "show", plugin, "--name", name, "--format", "json"))
    return {each["name"]: each["value"] for each in json.loads(done.stdout)["settings"]}


def exported(run: Run, plugin: Path, tmp_path: Path) -> list[dict[str, Any]]:
    """What there is, secrets too."""
    file = tmp_path / f"exported{len(list(tmp_path.iterdir()))}.json"
    options = ("--file", file, "--with-secrets", "--format", "json")
    good(run("endpoints", "export", plugin, *options))
    document: dict[str, Any] = json.loads(file.read_text())
    found: list[dict[str, Any]] = document["endpoints"]
    return found


def test_create_says_where_it_answers(run: Run, plugin: Path) -> None:
    facts = made(run, plugin)

    hook_id = facts["hook_id"]
    assert re.fullmatch(r"[a-z2-7]{24}", hook_id)
    assert facts == {
        "name": "Pepper",
        "hook_id": hook_id,
        "enabled": True,
        "urls": [
            {"method": "GET", "url": f"/e/{hook_id}/"},
            {"method": "POST", "url": f"/e/{hook_id}/cats/<int:number>"},
        ],
    }
    arguments = ("create", plugin, "--name", "Salt", "--file", "-")
    done = good(run("endpoints", *arguments, stdin=b"api_key: s3cr3t"))
    (salt,) = (each for each in listed(run, plugin) if each["name"] == "Salt")
    assert done.stdout == (
        f"GET   /e/{salt['hook_id']}/\nPOST  /e/{salt['hook_id']}/cats/<int:number>\n"
    )
    assert done.stderr == "created Salt: it answers from now on\n"


def test_a_choice_that_nothing_answers_is_warned_of(run: Run, plugin: Path) -> None:
    configuration = 'endpoints = "managed"\n[apps]\nassistant = {ssm = "/a"}\n'
    (plugin / "packager.toml").write_text(configuration)
    wrong = b"api_key: s3cr3t\napp: {app_id: asistant}"
    name = ("--name", "Salt", "--file", "-")
    warning = (
        "stdin:2:6: warning: app: chooses the app asistant, which nothing under [apps] answers\n"
        "  hint: did you mean assistant?\n"
    )

    made = good(run("endpoints", "create", plugin, *name, stdin=wrong))
    kept = good(run("endpoints", "edit", plugin, *name, stdin=b"greeting: Hi"))
    again = good(run("endpoints", "edit", plugin, *name, stdin=b"app: {app_id: asistent}"))
    right = good(run("endpoints", "edit", plugin, *name, stdin=b"app: {app_id: assistant}"))

    assert made.stderr == f"{warning}created Salt: it answers from now on\n"
    assert "chooses" not in kept.stderr + right.stderr
    assert "chooses the app asistent, which" in again.stderr


def test_a_public_url_is_what_addresses_start_with(run: Run, plugin: Path) -> None:
    configuration = 'endpoints = "managed"\npublic_url = "https://hooks.example.com/x"\n'
    (plugin / "packager.toml").write_text(configuration)

    facts = made(run, plugin)

    base = f"https://hooks.example.com/x/e/{facts['hook_id']}"
    assert [each["url"] for each in facts["urls"]] == [f"{base}/", f"{base}/cats/<int:number>"]


def test_what_is_kept_is_for_its_owner_alone(run: Run, plugin: Path) -> None:
    made(run, plugin)

    assert stat.S_IMODE(default_file().stat().st_mode) == 0o600


def test_list_and_show(run: Run, plugin: Path) -> None:
    assert good(run("endpoints", "list", plugin)).stderr == (
        "there is no endpoint yet; `packager endpoints create` makes one\n"
    )
    made(run, plugin, "Salt")
    facts = made(run, plugin)

    rows = good(run("endpoints", "list", plugin)).stdout.splitlines()
    assert [re.split(" {2,}", row)[:3] for row in rows] == [
        ["NAME", "GROUP", "STATE"],
        ["Pepper", "cats", "enabled"],
        ["Salt", "cats", "enabled"],
    ]
    first = listed(run, plugin)[0]
    assert first | {"created": "", "updated": ""} == facts | {
        **{"plugin": "cats", "group": "cats", "function": "CatsFunction"},
        **{"root": False, "served": True, "version": 1, "created": "", "updated": ""},
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", first["created"])

    by_id = good(run("endpoints", "show", plugin, "--id", facts["hook_id"])).stdout
    assert by_id == good(run("endpoints", "show", plugin, "--name", "Pepper")).stdout
    assert re.sub(r"\d{4}-.*Z", "TIME", by_id) == (
        "Pepper  cats, this machine\n"
        "  enabled, version 1 of TIME\n"
        "  settings\n"
        "    api_key   secret-input  required  endpoint  ***\n"
        '    greeting  text-input    optional  endpoint  "yes"\n'
        "    colour    select        optional  not set\n"
        '    app       app-selector  optional  endpoint  {"app_id": "a"}\n'
        "    loud      boolean       optional  not set\n"
        "    token     secret-input  optional  not set\n"
        "  addresses\n"
        f"    GET   /e/{facts['hook_id']}/\n"
        f"    POST  /e/{facts['hook_id']}/cats/<int:number>\n"
    )


def test_edit_changes_what_is_given_and_a_null_removes(
    run: Run, plugin: Path, tmp_path: Path
) -> None:
    before = made(run, plugin)
    edit = ("endpoints", "edit", plugin, "--name", "Pepper")

    done = good(run(*edit, "--file", "-", stdin=b"loud: on\napp: null\ngreeting: Miau"))

    assert (done.stdout, done.stderr) == (
        "",
        "changed Pepper: the next run has it, `packager serve` within 300 s (settings_ttl)\n",
    )
    (found,) = exported(run, plugin, tmp_path)
    assert found["settings"] == {"api_key": KEY, "greeting": "Miau", "loud": True}
    again = good(run(*edit, "--file", "-", stdin=b"loud: on\napp:\n"))
    assert again.stderr == "Pepper is as it was\n"

    good(run(*edit, "--unset", "loud", "--unset", "greeting", "--rename", "Salt", "--root"))
    (salt,) = exported(run, plugin, tmp_path)
    assert salt["settings"] == {"api_key": KEY}
    (facts,) = listed(run, plugin)
    assert (facts["name"], facts["hook_id"]) == ("Salt", before["hook_id"])
    assert (facts["root"], facts["version"]) == (True, 3)
    good(run("endpoints", "edit", plugin, "--name", "Salt", "--no-root"))
    assert listed(run, plugin)[0]["root"] is False


def test_references_are_kept_as_such(run: Run, plugin: Path, tmp_path: Path) -> None:
    values = 'api_key: {ssm: "/cats/key"}\ntoken: {secret: cats, key: token}\n'
    made(run, plugin, values=values)

    assert shown(run, plugin)["api_key"] == "***"
    assert "SSM parameter /cats/key" in run("endpoints", "show", plugin, "--name", "Pepper").stdout
    (found,) = exported(run, plugin, tmp_path)
    assert found["settings"] == {
        "api_key": {"ssm": "/cats/key"},
        "token": {"secret": "cats", "key": "token"},
    }
    edit = ("endpoints", "edit", plugin, "--name", "Pepper", "--file", "-")
    good(run(*edit, stdin=b"api_key: s3cr3t\ntoken: null"))
    (found,) = exported(run, plugin, tmp_path)
    assert found["settings"] == {"api_key": "s3cr3t"}


def test_switching_rotating_and_deleting(run: Run, plugin: Path) -> None:
    before = made(run, plugin)
    named = (plugin, "--name", "Pepper")

    done = good(run("endpoints", "disable", *named))
    assert (done.stdout, done.stderr) == (
        "",
        "disabled Pepper: the next run has it, `packager serve` within 300 s (settings_ttl)\n",
    )
    assert good(run("endpoints", "disable", *named)).stderr == "Pepper is disabled already\n"
    assert listed(run, plugin)[0]["enabled"] is False
    facts = json.loads(good(run("endpoints", "enable", *named, "--format", "json")).stdout)
    assert facts == before

    rotated = json.loads(good(run("endpoints", "rotate", *named, "--format", "json")).stdout)
    assert rotated["hook_id"] != before["hook_id"]
    assert shown(run, plugin)["greeting"] == '"yes"'
    gone = run("endpoints", "show", plugin, "--id", before["hook_id"])
    assert (gone.code, gone.stderr) == (
        2,
        f"error: cats of this machine has no endpoint {before['hook_id']}\n"
        "  hint: there are Pepper\n",
    )

    refused = run("endpoints", "delete", *named)
    assert (refused.code, refused.stderr) == (
        2,
        "error: Pepper would be deleted\n  hint: say so: --yes\n",
    )
    assert len(listed(run, plugin)) == 1
    done = good(run("endpoints", "delete", *named, "--yes", "--format", "json"))
    assert json.loads(done.stdout) == {
        "deleted": [{"name": "Pepper", "hook_id": rotated["hook_id"]}]
    }
    assert (
        done.stderr
        == "deleted Pepper: the next run has it, `packager serve` within 300 s (settings_ttl)\n"
    )
    assert listed(run, plugin) == []


def test_delete_all(run: Run, plugin: Path) -> None:
    made(run, plugin)
    made(run, plugin, "Salt")

    assert run("endpoints", "delete", plugin, "--all", "--name", "Salt", "--yes").code == 2
    done = good(run("endpoints", "delete", plugin, "--all", "--yes"))

    assert done.stderr.startswith("deleted Pepper, Salt: the next run has it")
    assert listed(run, plugin) == []
    again = good(run("endpoints", "delete", plugin, "--all", "--yes"))
    assert again.stderr == "there is nothing to delete\n"


WRONG = """\
api_key: [s3cr3t]
greeting: {a: s3cr3t}
colour: s3cr3t
app: s3cr3t
loud: s3cr3t
token: {ssm: s3 cr3t}
colur: orange
"""


def test_wrong_values_are_all_said_at_their_places_and_nothing_is_written(
    run: Run, plugin: Path, tmp_path: Path
) -> None:
    file = tmp_path / "values.yaml"
    file.write_text(WRONG)

    done = run("endpoints", "create", plugin, "--name", "Pepper", "--file", file)

    assert (done.code, done.stdout) == (2, "")
    assert done.stderr == (
        f"{file}:1:10: error: api_key: expected text, not a list\n"
        f"{file}:2:11: error: greeting: expected text, not such a mapping\n"
        f"{file}:3:9: error: colour: expected one of orange, g, not such text\n"
        f"{file}:4:6: error: app: expected JSON, not such text\n"
        f"{file}:5:7: error: loud: expected true, false, 1, 0, yes, no, on or off, not such text\n"
        f"{file}:6:8: error: token: expected the name of a parameter, such as /neko/api_key or "
        "/neko/api_key:3, or its ARN\n"
        f"{file}:7:1: error: the group cats does not declare the setting 'colur'\n"
        "  hint: did you mean colour?\n"
    )
    assert listed(run, plugin) == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ("greeting: a", "stdin:1:1: error: api_key: is required and not set\n"),
        ("api_key:", "stdin:1:9: error: api_key: expected text, not nothing\n"),
        ("api_key: {env: KEY}", "stdin:1:10: error: api_key: an endpoint's values are in no var"),
        ("api_key: {ssm: /a, x: y}", 'stdin:1:10: error: api_key: expected {ssm = "/name"} alone'),
        ("- a", "stdin:1:1: error: expected a mapping: the settings' names and their values"),
        ("api_key: 's3cr3t", "stdin:1:17: error: not valid YAML\n"),
        ("{api_key: a, greeting: " + "x" * 410_000 + "}", "stdin:1:24: error: Pepper would have"),
    ],
)
def test_a_bad_document_is_an_error_at_its_place(
    run: Run, plugin: Path, values: str, said: str
) -> None:
    arguments = ("create", plugin, "--name", "Pepper", "--file", "-")
    done = run("endpoints", *arguments, stdin=values.encode())

    assert (done.code, done.stdout) == (2, "")
    assert done.stderr.startswith(said), done.stderr
    assert "s3cr3t" not in done.stderr
    assert listed(run, plugin) == []


def test_bad_edits_change_nothing(run: Run, plugin: Path) -> None:
    made(run, plugin)
    made(run, plugin, "Salt")
    before = listed(run, plugin)
    edit = ("endpoints", "edit", plugin, "--name", "Pepper")

    for arguments, said in (
        (("--rename", "Salt"), "error: there is an endpoint named Salt already\n"),
        (("--rename", ""), "error: name: expected a name of 1 to 100 characters\n"),
        (("--unset", "api_key"), "error: api_key: is required, and can't be left without a value"),
        (
            ("--unset", "lud"),
            "error: the group cats does not declare the setting 'lud'\n  hint: di",
        ),
        ((), "error: say what to change: edit asks on a terminal, and there is none\n"),
        (("--name", "Peper"), "error: cats of this machine has no endpoint Peper\n  hint: did you"),
    ):
        done = run(*edit, *arguments)
        assert (done.code, done.stdout) == (2, ""), arguments
        assert done.stderr.startswith(said), done.stderr
    assert listed(run, plugin) == before


def test_one_endpoint_answers_at_the_root(run: Run, plugin: Path) -> None:
    create = ("endpoints", "create", plugin, "--file", "-", "--root", "--name")
    good(run(*create, "Pepper", stdin=b"api_key: s3cr3t"))

    done = run(*create, "Salt", stdin=b"api_key: s3cr3t")

    assert (done.code, done.stderr) == (
        2,
        "error: Pepper answers at the root already\n"
        "  hint: take it from there first: packager endpoints edit --name NAME --no-root\n",
    )
    (plugin / "packager.toml").write_text('endpoints = "managed"\nroutes = "declared"\n')
    good(run("endpoints", "edit", plugin, "--name", "Pepper", "--no-root"))
    done = run(*create, "Salt", stdin=b"api_key: s3cr3t")
    assert (done.code, done.stderr) == (
        2,
        'stdin:1:1: error: root: with routes = "declared" nothing reaches the root\n'
        '  hint: set routes = "all", and deploy it again\n',
    )
    assert [each["name"] for each in listed(run, plugin)] == ["Pepper"]


def test_without_a_file_and_a_terminal_there_are_defaults_alone(run: Run, plugin: Path) -> None:
    done = run("endpoints", "create", plugin, "--name", "Pepper")
    assert (done.code, done.stderr) == (
        2,
        "error: api_key: is required and not set\n"
        "  hint: give it a value, or say where it is: {ssm: /name}, {secret: name}\n",
    )
    assert run("endpoints", "create", plugin).stderr == (
        "error: say how the endpoint is to be called: --name NAME\n"
    )
    group = str(FILES["group/cats.yaml"]).replace("required: true", "required: false")
    (plugin / "group" / "cats.yaml").write_text(group)
    good(run("endpoints", "create", plugin, "--name", "Pepper", "--disabled"))
    assert listed(run, plugin)[0]["enabled"] is False


def test_a_function_that_serves_one_endpoint_has_no_others(run: Run, plugin: Path) -> None:
    (plugin / "packager.toml").write_text("")

    done = run("endpoints", "list", plugin)

    assert (done.code, done.stderr) == (
        2,
        "error: CatsFunction serves one endpoint, as it is configured\n"
        '  hint: set endpoints = "managed" in packager.toml, for as many as are made\n',
    )


def test_one_of_several_groups(run: Run, plugin: Path) -> None:
    manifest = str(FILES["manifest.yaml"]) + "    - group/dogs.yaml\n"
    (plugin / "manifest.yaml").write_text(manifest)
    (plugin / "group" / "dogs.yaml").write_text(str(FILES["group/cats.yaml"]))
    create = ("endpoints", "create", plugin, "--name", "Pepper", "--file", "-")

    done = run(*create, stdin=b"api_key: s3cr3t")
    assert (done.code, done.stderr) == (
        2,
        "error: this machine has 2 groups with managed endpoints: cats, dogs\n"
        "  hint: choose one with --group cats\n",
    )
    assert run(*create, "--group", "dog").stderr == (
        "error: this machine has no group dog with managed endpoints\n  hint: it has cats, dogs\n"
    )
    for group in ("dogs", "cats/cats"):
        good(run(*create, "--group", group, stdin=b"api_key: s3cr3t"))
    assert [each["function"] for each in listed(run, plugin)] == [
        *("CatsFunction", "CatsDogsFunction")
    ]


def test_export_leaves_secrets_out_and_says_so(run: Run, plugin: Path, tmp_path: Path) -> None:
    pepper = made(run, plugin)
    made(run, plugin, "Salt", "api_key: {ssm: /cats/key}\ntoken: s3cr3t-2\n")

    done = good(run("endpoints", "export", plugin))

    salt = listed(run, plugin)[1]
    assert done.stdout == (
        "# Endpoints of cats: `packager endpoints import` makes them again.\n"
        "format: 1\nplugin: cats\ngroup: cats\nendpoints:\n"
        f"- name: Pepper\n  hook_id: {pepper['hook_id']}\n  enabled: true\n  root: false\n"
        "  settings:\n    greeting: 'yes'\n    app:\n      app_id: a\n"
        f"- name: Salt\n  hook_id: {salt['hook_id']}\n  enabled: true\n  root: false\n"
        "  settings:\n    api_key:\n      ssm: /cats/key\n"
    )
    assert done.stderr == "secrets are left out: api_key of Pepper, token of Salt\n"

    file = tmp_path / "all.yaml"
    refused = run("endpoints", "export", plugin, "--with-secrets")
    assert (refused.code, refused.stderr) == (
        2,
        "error: secrets are written into a file alone\n  hint: name it: --file FILE\n",
    )
    good(run("endpoints", "export", plugin, "--with-secrets", "--file", file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert KEY in file.read_text()
    again = run("endpoints", "export", plugin, "--with-secrets", "--file", file)
    assert (again.code, again.stderr) == (
        2,
        f"error: {file} is there already, and others may be able to read it\n"
        "  hint: name a new file for secrets\n",
    )


def test_what_was_deleted_is_imported_again_where_it_was(
    run: Run, plugin: Path, tmp_path: Path
) -> None:
    before = [made(run, plugin), made(run, plugin, "Salt", "api_key: {ssm: /k}\n")]
    good(run("endpoints", "edit", plugin, "--name", "Pepper", "--root"))
    good(run("endpoints", "disable", plugin, "--name", "Salt"))
    file = tmp_path / "all.yaml"
    good(run("endpoints", "export", plugin, "--with-secrets", "--file", file))
    good(run("endpoints", "delete", plugin, "--all", "--yes"))

    done = good(run("endpoints", "import", plugin, "--file", file, "--format", "json"))

    assert json.loads(done.stdout) == {
        "endpoints": [
            before[0] | {"action": "create"},
            before[1] | {"action": "create", "enabled": False},
        ]
    }
    assert [(each["root"], each["enabled"]) for each in listed(run, plugin)] == [
        *((True, True), (False, False))
    ]
    assert exported(run, plugin, tmp_path)[0]["settings"]["api_key"] == KEY


def test_import_updates_what_it_names_and_leaves_all_else(
    run: Run, plugin: Path, tmp_path: Path
) -> None:
    made(run, plugin)
    made(run, plugin, "Salt")
    document = "endpoints: [{name: Pepper, settings: {greeting: Miau, app: null}}, {name: Salt}]"
    import_ = ("endpoints", "import", plugin, "--file", "-")

    refused = run(*import_, stdin=document.encode())
    assert (refused.code, refused.stderr.splitlines()[0]) == (
        2,
        "stdin:1:20: error: there is an endpoint named Pepper already",
    )

    done = good(run(*import_, "--update", stdin=document.encode()))
    assert [row.split()[::2] for row in done.stdout.splitlines()] == [
        ["Pepper", "changed"],
        ["Salt", "as", "was"],
    ]
    assert (
        done.stderr
        == "1 endpoint written: the next run has it, `packager serve` within 300 s (settings_ttl)\n"
    )
    pepper, salt = exported(run, plugin, tmp_path)
    assert pepper["settings"] == {"api_key": KEY, "greeting": "Miau"}
    assert salt["settings"] == {"api_key": KEY, "greeting": "yes", "app": {"app_id": "a"}}


BAD_IMPORT = """\
format: 2
plugin: dogs
endpoint: []
endpoints:
  - {name: Pepper, settings: {api_key: a}, root: true}
  - {name: Salt, settings: {api_key: a, colour: s3cr3t}, root: true}
  - {name: Pepper, settings: {api_key: a}, root: true}
  - {name: " x", enabled: perhaps, settings: {greeting: a}}
  - {hook: a}
  - Sugar
"""


def test_everything_in_an_import_is_checked_before_anything_is_written(
    run: Run, plugin: Path
) -> None:
    done = run("endpoints", "import", plugin, "--file", "-", stdin=BAD_IMPORT.encode())

    assert (done.code, done.stdout) == (2, "")
    assert done.stderr == (
        "stdin:3:1: error: endpoint: there is no such key\n"
        "  hint: did you mean endpoints?\n"
        "stdin:1:9: error: format: expected 1: the format that this packager knows\n"
        "stdin:2:9: error: plugin: these are not endpoints of the plugin cats\n"
        "stdin:6:49: error: colour: expected one of orange, g, not such text\n"
        "stdin:8:27: error: endpoints[3].enabled: expected true or false, not text\n"
        "stdin:9:6: error: endpoints[4].hook: there is no such key\n"
        "  hint: did you mean hook_id?\n"
        "stdin:9:5: error: endpoints[4].name: missing; expected the endpoint's name\n"
        "stdin:10:5: error: endpoints[5]: expected an endpoint: a mapping with name and settings, "
        "not text\n"
        "stdin:7:12: error: name: the endpoint Pepper is there twice; first at stdin:5:5\n"
        "stdin:8:12: error: name: expected a name without blanks around it\n"
        "stdin:8:5: error: api_key: is required and not set\n"
        "  hint: give it a value, or say where it is: {ssm: /name}, {secret: name}\n"
        "stdin:6:5: error: root: Pepper answers at the root already; one endpoint can\n"
    )
    assert listed(run, plugin) == []


def test_the_hook_ids_are_of_the_files_own_key(run: Run, plugin: Path) -> None:
    from packager.endpoints.file_store import FileStore

    facts = made(run, plugin)

    key = FileStore(default_file(), "x/y").key
    assert is_genuine(facts["hook_id"], key)
    document = "endpoints: [{name: Salt, hook_id: %s, settings: {api_key: a}}]"
    for hook_id in ("a" * 24, facts["hook_id"]):  # made up, and taken
        stdin = (document % hook_id).encode()
        done = good(run("endpoints", "import", plugin, "--file", "-", stdin=stdin))
        assert done.stderr.startswith("at another address than before: Salt\n")
        assert is_genuine(done.stdout.split()[1], key)
        good(run("endpoints", "delete", plugin, "--name", "Salt", "--yes"))


def test_invoke_asks_an_endpoint_by_its_name(run: Run, plugin: Path, tmp_path: Path) -> None:
    from packager.host.interpreter import host_architecture, newest_supported

    found = newest_supported()
    assert found is not None
    target = ("--runtime", found.python, "--arch", host_architecture())
    good(run("build", plugin, "-o", tmp_path / "out", *target))
    facts = made(run, plugin)
    made(run, plugin, "Salt", "api_key: s3cr3t-2")
    invoke = ("invoke", tmp_path / "out", "--request")

    pepper = good(run(*invoke, "GET /", "--endpoint", "Pepper"))
    salt = good(run(*invoke, "GET /", "--endpoint", "Salt"))

    assert json.loads(pepper.stdout) == {
        "api_key": hashlib.sha256(KEY.encode()).hexdigest(),
        "greeting": "yes",
        "app": {"app_id": "a"},
    }
    assert "GET [Pepper] / 200" in pepper.stderr
    assert json.loads(salt.stdout) == {
        "api_key": hashlib.sha256(b"s3cr3t-2").hexdigest(),
        "greeting": "Nyan",
    }
    assert good(run(*invoke, f"GET /e/{facts['hook_id']}/")).stdout == pepper.stdout
    good(run("endpoints", "disable", plugin, "--name", "Pepper"))
    assert good(run(*invoke, "GET /", "--endpoint", "Pepper", "-i")).stdout.startswith(
        "HTTP/1.1 404"
    )
    done = run(*invoke, "GET /", "--endpoint", "Peper")
    assert (done.code, done.stderr) == (
        2,
        "error: cats has no endpoint Peper on this machine\n  hint: did you mean Pepper?\n",
    )
