"""Sources of market data, each filling the `Provider` port."""
