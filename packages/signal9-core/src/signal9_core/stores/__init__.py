"""Both sides of the `Store` port; import the one that is needed from its own module.

Nothing is exported from here, so that a process on AWS never loads SQLite, nor a laptop boto3.
"""
