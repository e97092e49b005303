"""What the library's functions run."""
