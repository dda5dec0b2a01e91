"""The deciding lane: one turn of an account, and everything that a turn does."""
