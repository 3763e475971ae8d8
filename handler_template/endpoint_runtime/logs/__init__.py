"""What is written, in which form, and what must not be in it."""
