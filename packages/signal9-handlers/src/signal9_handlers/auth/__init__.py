"""Who is asking: tokens are checked once, handlers are told what came of it."""
