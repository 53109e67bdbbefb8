"""Tables as a mapping describes them: texts, times, rows and events."""
