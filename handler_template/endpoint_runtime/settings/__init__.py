"""What the endpoint group is configured with: read, checked and kept.

Here is what its modules have in common, and who uses them: an import of one is an import of this.
"""

# `packager invoke` hands on settings by name in it, as JSON, in place of what AWS keeps.
LOCAL = "PACKAGER_LOCAL_SETTINGS"


class SettingsError(Exception):
    """Settings are missing or break the group's declaration; the message names them, no values."""
