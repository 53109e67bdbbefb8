"""Build the tapes of a command and keep them on disk under the hash of their inputs."""
