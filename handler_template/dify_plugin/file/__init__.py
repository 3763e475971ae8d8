"""Files that tools are given."""
