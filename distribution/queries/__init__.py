"""Reads of the distribution app; nothing here writes."""
