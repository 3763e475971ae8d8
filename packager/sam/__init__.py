"""The SAM template and its Makefile, part by part; `template` puts them together."""
