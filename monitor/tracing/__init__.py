"""Spans: what a request did, which traces are kept, and their way to a receiver."""
