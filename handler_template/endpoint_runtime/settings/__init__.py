"""The values of an endpoint group's settings, from wherever they come."""
