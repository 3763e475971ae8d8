"""Third-party packages for a target: versions chosen, installed, pruned, kept in the cache."""
