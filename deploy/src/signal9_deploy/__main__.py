"""Lets `python -m signal9_deploy` run the commands."""

from .commands.program import main

if __name__ == "__main__":
    main()
