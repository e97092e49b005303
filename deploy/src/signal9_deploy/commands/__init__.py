"""The commands of deployment."""
