"""The commands of `hatch run deploy:...`."""
