"""The models that medrag runs itself: which weights, and how they are loaded."""
