"""AlphaVantage."""
