"""The fake service of Pinnacle, in front of the desk with faults."""
