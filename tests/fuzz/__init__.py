"""Requests made up from the OpenAPI document, thousands of them."""
