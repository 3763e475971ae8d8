"""Lets `python -m packager` be the `packager` command."""

from packager.cli.main import main

if __name__ == "__main__":
    main(prog_name="packager")
