"""Words for people: what the core, the queries and the operations say in codes, in the reader's language."""
