"""Content and renderers of the medrag sample documents (not for clinical use)."""
