"""Serves both providers: `python -m signal9_core.providers.simulator [--companies 100]`."""

import signal
import sys
from argparse import ArgumentParser

from ...ports import utc_now
from ..sample.provider import SampleProvider
from .market import Market
from .simulator import Simulator, running


def _main() -> None:
    parser = ArgumentParser(
        prog="python -m signal9_core.providers.simulator",
        description="Serve AlphaVantage and Alpaca on this machine.",
    )
    parser.add_argument("--port", type=int, default=8010)
    parser.add_argument("--per-day", type=int, help="AlphaVantage's free plan, of so many calls")
    parser.add_argument("--companies", type=int, help="a market of today instead of the sample")
    options = parser.parse_args()
    data = SampleProvider() if options.companies is None else Market(utc_now, options.companies)
    with running(Simulator(data, per_day=options.per_day), options.port) as address:
        sys.stdout.write(f"{address} takes the key `demo`; Ctrl-C ends it\n")
        sys.stdout.flush()
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    _main()
