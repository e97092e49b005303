"""Where events and notifications go: this process, or AWS. Import the one that is needed."""
