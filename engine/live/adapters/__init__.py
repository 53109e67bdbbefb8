"""Real feeds and venues, one package each: the words of a provider translated into our contracts, and back."""
