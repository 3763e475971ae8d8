"""Holds bundles to what Lambda takes."""

from __future__ import annotations

from pathlib import Path

from packager.dependencies.uv_install import PackageSize
from packager.errors import Diagnostics, PackagerError

# AWS Lambda's page "Lambda quotas": 250 MB unzipped (262,144,000 bytes, as its error says), layers
# included; 50 MB zipped when uploaded directly, from S3 up to the former.
MAX_UNZIPPED = 262_144_000
MAX_DIRECT_ZIP = 50 * 1024 * 1024
_NAMED_BIGGEST = 5


def check_size(
    function: str, folder: Path, unzipped: int, packages: tuple[PackageSize, ...]
) -> None:
    """Raise `PackagerError` for a bundle of more bytes than Lambda takes; it names the biggest."""
    if unzipped <= MAX_UNZIPPED:
        return
    plugin = sum(path.stat().st_size for path in (folder / "plugin").rglob("*") if path.is_file())
    parts = [(f"{p.name} {p.version}", p.bytes) for p in packages]
    parts.append(("the plugin's own files", plugin))
    biggest = sorted(parts, key=lambda part: (-part[1], part[0]))[:_NAMED_BIGGEST]
    named = ", ".join(f"{name} ({_megabytes(size)})" for name, size in biggest)
    raise PackagerError(
        f"{function} has {_megabytes(unzipped)} unzipped; Lambda takes "
        f"{_megabytes(MAX_UNZIPPED)}. The biggest: {named}",
        hint="leave out what requests don't use: dependencies, or files by `exclude`",
    )


def check_zip_size(name: str, size: int, diagnostics: Diagnostics) -> None:
    """Warn of a zip that can't be uploaded directly."""
    if size > MAX_DIRECT_ZIP:
        diagnostics.warn(
            "large-zip",
            f"{name} has {_megabytes(size)}; uploads past {_megabytes(MAX_DIRECT_ZIP)} have to go "
            "through S3 (sam does that)",
        )


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f} MiB"
