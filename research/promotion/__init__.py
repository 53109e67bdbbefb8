"""Promotion: from a configuration of a run to a frozen document that may be traded, and back."""
