"""AlphaVantage: prices, descriptions, reports, calendar, listing and news, inside its quotas."""
