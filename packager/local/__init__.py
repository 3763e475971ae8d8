"""A function run on this machine, as Lambda runs it."""
