"""Finds `handler_template`: what every bundle's root holds."""

from __future__ import annotations

from pathlib import Path

import packager


def template_folder() -> Path:
    """Give the folder whose contents every bundle's root holds, in a wheel or in the repository."""
    package = Path(packager.__file__).parent
    inside = package / "handler_template"
    return inside if inside.is_dir() else package.parent / "handler_template"
