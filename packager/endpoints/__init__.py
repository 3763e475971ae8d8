"""Managed endpoints: made, edited and kept where functions read them; commands and console."""
