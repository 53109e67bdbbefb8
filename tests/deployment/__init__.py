"""What runs a runner for weeks: image, services, copies."""
