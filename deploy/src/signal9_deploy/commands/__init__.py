"""What `hatch run deploy:...` does; synthesis knows nothing of it."""
