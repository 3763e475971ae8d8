"""The tables of the configuration that say what answers calls back to Dify."""
