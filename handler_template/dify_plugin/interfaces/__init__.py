"""The classes a plugin derives from."""
