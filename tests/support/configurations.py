"""Configurations, read from a plugin's folder."""

from __future__ import annotations

from pathlib import Path

from packager.config.read import read_configuration
from packager.errors import Diagnostics
from packager.inputs.plugin_folder import PluginFolder
from packager.model.options import Options
from packager.model.plugin import EndpointGroup
from tests.support.template_builders import PLACE


def read(tmp_path: Path, text: str, *groups: str) -> tuple[dict[str, Options], list[str]]:
    (tmp_path / "packager.toml").write_text(text)
    diagnostics = Diagnostics()
    made = [EndpointGroup(name, f"{name}.yaml", (), (), PLACE) for name in groups or ("one",)]
    options = read_configuration(PluginFolder(tmp_path, "p"), made, diagnostics)
    said = [
        f"{each.place}: {each.key}: {each.message}" + (f" ({each.hint})" if each.hint else "")
        for each in diagnostics.all
    ]
    return dict(options), said
