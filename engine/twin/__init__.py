"""The interpreted twin: the rules of time and money in plain Python, written to be read.

It is the specification in code. It shares no rule with the kernel, follows one configuration over the same tape, and
must give the same bits. Where a rule is hard to see in the kernel, read it here: `account` settles, closes and rolls,
`walk` decides, `arithmetic` turns prices into payoffs.
"""

from engine.twin.walk import Twin

__all__ = ["Twin"]
