"""The HTTP API: one Lambda function per group of resources."""
