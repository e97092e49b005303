"""What runs without anybody waiting for an answer: on a schedule, on an event, on a failure."""
