"""The handlers on this machine: a server that calls them as API Gateway would, and a page."""
