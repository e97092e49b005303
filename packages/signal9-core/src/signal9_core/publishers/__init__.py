"""Where events and notifications go."""
