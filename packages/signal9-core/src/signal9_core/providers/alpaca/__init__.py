"""Alpaca: listing, price history, corporate actions and news, every page of them."""
