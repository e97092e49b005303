"""Runs the commands by `python -m signal9_deploy`."""

from .commands.cli import main

if __name__ == "__main__":
    main()
