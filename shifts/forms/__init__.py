"""Forms of the schedule's pages: from a request's fields to what an operation takes."""
