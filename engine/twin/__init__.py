"""The interpreted twin: the rules of time and money in plain Python, written to be read.

It is the specification in code. It shares no rule with the kernel, follows one configuration along the same tape, and
must give the same bits. If a rule is hard to read in the kernel, read it here: `account` settles bets, closes instants
and rolls days, `walk` decides, `arithmetic` turns prices into payoffs.
"""

from engine.twin.walk import Twin

__all__ = ["Twin"]
