"""The command line `signal9`: parse, call the application, print.

Modules here load neither the application nor anything that draws before a command runs, so that
`signal9 --version` and completion answer at once.
"""

from .app import main, make_program

__all__ = ["main", "make_program"]
