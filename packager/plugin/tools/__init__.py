"""Tools that run in the function: the plugin's own, and those of other plugins."""
