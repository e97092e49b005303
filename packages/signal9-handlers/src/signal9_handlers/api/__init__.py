"""The HTTP API: a module per group of resources, each a Lambda function."""
