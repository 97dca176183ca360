"""One small module per format; each gives the same raw form, every cell as text."""
