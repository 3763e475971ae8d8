"""Says what functions do under load and cost, by a simulation of Lambda: docs/scale.md."""
