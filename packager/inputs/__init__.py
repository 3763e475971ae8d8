"""Text files as trees whose values know their place: YAML, TOML, dotenv, a plugin's folder."""
