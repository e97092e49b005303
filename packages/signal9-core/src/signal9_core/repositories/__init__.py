"""Repositories: what is stored, in terms of the domain, over any store."""
