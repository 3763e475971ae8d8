"""A connection of our own for calls to AWS and Dify."""
