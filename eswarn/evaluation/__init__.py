"""Was it right, and does the proof hold: how we know."""
