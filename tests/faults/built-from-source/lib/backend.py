"""Builds a wheel that has one module."""

import zipfile
from pathlib import Path

WHEEL = "lib-1.0-py3-none-any.whl"
INFO = "lib-1.0.dist-info"
METADATA = "Metadata-Version: 2.1\nName: lib\nVersion: 1.0\n"
TAGS = "Wheel-Version: 1.0\nGenerator: here\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def build_wheel(directory, config_settings=None, metadata_directory=None):
    files = {"lib.py": "", f"{INFO}/METADATA": METADATA, f"{INFO}/WHEEL": TAGS}
    record = "".join(f"{name},,\n" for name in [*files, f"{INFO}/RECORD"])
    with zipfile.ZipFile(Path(directory) / WHEEL, "w") as wheel:
        for name, text in {**files, f"{INFO}/RECORD": record}.items():
            wheel.writestr(name, text)
    return WHEEL
