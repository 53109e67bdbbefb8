"""The walk of up to 128 configurations at once along a shared stream of rows."""
