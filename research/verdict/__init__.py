"""The evidence of a sweep and the verdict that follows from it."""
