"""Authentication: access tokens are checked once, by the authorizer."""
