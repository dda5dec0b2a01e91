"""API v4: one module an entity; each handler takes a Context and returns an Answer."""
