"""What is luck: intervals and tests over results."""
