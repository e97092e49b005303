"""Both providers on this machine: their wire protocols, keys, quotas, pages and errors.

The data are a `Provider`'s: the bundled sample, or a `Market` made of it.
`python -m signal9_core.providers.simulator` serves them.
"""
