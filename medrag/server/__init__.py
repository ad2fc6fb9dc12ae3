"""The HTTP server: one engine as a part of other people's tools, on a hospital's own network."""
