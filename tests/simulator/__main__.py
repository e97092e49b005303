"""Serves both providers with the bundled sample: `python -m tests.simulator [--port 8010]`."""

import signal
import sys
from argparse import ArgumentParser

from .app import Simulator, running


def main() -> None:
    parser = ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=8010)
    parser.add_argument("--per-day", type=int, help="AlphaVantage's free plan, of so many calls")
    options = parser.parse_args()
    with running(Simulator(per_day=options.per_day), options.port) as address:
        sys.stdout.write(f"{address} takes the key `demo`; Ctrl-C ends it\n")
        sys.stdout.flush()
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    main()
