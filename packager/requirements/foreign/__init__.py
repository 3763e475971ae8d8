"""Dependencies as Poetry and Pipenv state them: exported by the tool itself, or converted."""
