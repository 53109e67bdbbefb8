"""Work spread over processes, here or on other machines: one small seam, and a file for each way behind it."""
