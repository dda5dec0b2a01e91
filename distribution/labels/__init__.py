"""Words for people: reasons, states and where a manager stands, in the reader's language."""
