"""A server of the loopback that speaks S3."""
