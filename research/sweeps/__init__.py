"""From overrides to configurations, and from configurations to units of work."""
