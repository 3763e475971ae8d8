"""`[tool.packager]` and `packager.toml`: their keys, which value holds, and their checks."""
