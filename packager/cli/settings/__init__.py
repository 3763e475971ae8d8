"""`packager settings`: the commands, what they ask, and what they write to AWS."""
