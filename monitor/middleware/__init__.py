"""Pure ASGI middlewares, in the order of the request chain."""
