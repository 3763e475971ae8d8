"""Dead letters of deployed functions: what came to nothing, and what is done with it."""
