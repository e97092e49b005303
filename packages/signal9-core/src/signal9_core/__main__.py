"""`python -m signal9_core` is the command line `signal9`."""

from .cli.app import main

if __name__ == "__main__":
    main()
