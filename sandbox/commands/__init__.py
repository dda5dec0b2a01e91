"""The commands of the control API, a class a subject; sandbox.control is their table."""
