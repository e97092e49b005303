"""Use cases: what is ingested, worked out, answered and sent, over ports and repositories."""
