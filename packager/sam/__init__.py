"""The SAM template and its Makefile, part by part; `packager.template` puts them together."""
