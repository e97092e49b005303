"""The command line `signal9`: parse the arguments, call the application, print the answer.

The application and everything that draws are imported only when a command runs, so that
`signal9 --version` and shell completion are fast.
"""

from .app import main, make_program

__all__ = ["main", "make_program"]
