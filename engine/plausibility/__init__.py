"""What cannot be right in data that can be read: prices far from all others, copies, impossible scores and seasons."""
