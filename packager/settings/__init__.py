"""Values of settings: of `settings.local.toml`, of values files, and in AWS."""
