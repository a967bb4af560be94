"""One module a question; each prints its answer as one JSON object."""
