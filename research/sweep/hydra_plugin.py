"""Placed as hydra_plugins/bea_vectorized.py by the build."""
