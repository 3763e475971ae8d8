"""neko with three endpoints behind `sam local start-api`: each has its address and its settings."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from packager.bundle.read import read_bundle
from packager.contract import (
    ENDPOINTS_KEY_VARIABLE,
    ENDPOINTS_PATH,
    ENDPOINTS_VARIABLE,
    LOCAL_ENDPOINTS_VARIABLE,
    TASK_ROOT,
)
from packager.host.interpreter import host_architecture
from packager.local.environment import endpoint_store, endpoint_variables
from tests.sam_local.sam import Sam

pytestmark = pytest.mark.docker

NEKO = Path(__file__).parents[2] / "plugins/neko"
GREETINGS = {"Pepper": "Miau", "Salt & co": "Purr", "größe": "Nyan"}


def test_each_endpoint_answers_at_its_address(
    sam: Sam,
    packager_program: Path,
    lambda_image: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    lambda_image("3.13")
    plugin = Path(shutil.copytree(NEKO, tmp_path / "neko"))
    (plugin / "packager.toml").write_text(
        f'endpoints = "managed"\nendpoints_store = "file"\narchitecture = "{host_architecture()}"\n'
    )

    def packager(*arguments: str | Path) -> None:
        done = subprocess.run(
            [packager_program, *arguments], capture_output=True, text=True, env=os.environ
        )
        assert done.returncode == 0, done.stderr

    for name, greeting in GREETINGS.items():
        given = tmp_path / "given.yaml"
        given.write_text(f"greeting: {greeting}\napi_key: key of {greeting}\n", encoding="utf-8")
        packager("endpoints", "create", plugin, "--name", name, "--file", given)
    out = tmp_path / "out"
    packager("build", plugin, "-o", out)
    bundle = read_bundle(out / "NekoFunction")
    store = endpoint_store(bundle)
    assert store is not None
    # Containers see the bundle alone: the store travels in it.
    with zipfile.ZipFile(out / "NekoFunction.zip", "a") as archive:
        archive.write(store.path, "endpoints.sqlite")
    variables = tmp_path / "variables.json"
    here = endpoint_variables(bundle)
    assert LOCAL_ENDPOINTS_VARIABLE in here
    variables.write_text(
        json.dumps(
            {
                "NekoFunction": {
                    ENDPOINTS_VARIABLE: f"{TASK_ROOT}/endpoints.sqlite",
                    ENDPOINTS_KEY_VARIABLE: here[ENDPOINTS_KEY_VARIABLE],
                }
            }
        )
    )

    arguments = ("--template", out / "template.yaml", "--env-vars", variables)
    with sam.serve("start-api", *arguments, cwd=tmp_path) as url:
        for endpoint in store.all():
            status, body = get(url, f"{ENDPOINTS_PATH}{endpoint.hook_id}/neko")
            assert (status, f"<title>{GREETINGS[endpoint.name]}</title>" in body) == (200, True)
        for path in (f"{ENDPOINTS_PATH}{'a' * 24}/neko", "/neko"):
            assert get(url, path)[0] == 404


def get(url: str, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()
