"""Writes of the distribution app: the lane, the turn, delivery. Start reading at turn.py."""
