"""Forms of the console's pages: from a request's fields to what an operation takes."""
