"""Requests to services over HTTP: what left, what came back, how fast, under which credentials. Knows no provider."""
