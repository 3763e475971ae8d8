"""The calls of `session`, by the part of Dify they reach."""
