"""Kinds of files."""

from __future__ import annotations

from enum import StrEnum


class FileType(StrEnum):
    """What a file is."""

    IMAGE = "image"
    DOCUMENT = "document"
    AUDIO = "audio"
    VIDEO = "video"
    CUSTOM = "custom"

    @staticmethod
    def value_of(value: str) -> FileType:
        """The kind of that name."""
        return FileType(value)
