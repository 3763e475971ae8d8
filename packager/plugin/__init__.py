"""A plugin's folder or package, read and checked."""
