"""Profiles of the venue with faults, one for each class of proof."""

from __future__ import annotations

from typing import Final

from engine.clock import SECOND_NS
from engine.live.venue import Profile, ProofClass

SHORT_WINDOW: Final = Profile(
    name="short", proof=ProofClass.SHORT_WINDOW, resend_until_ns=36 * SECOND_NS, not_accepted_status=(429,)
)
LOOK_UP: Final = Profile(
    name="look_up", proof=ProofClass.LOOK_UP, absence_reads=2, absence_wait_ns=16 * SECOND_NS,
    proof_until_ns=1800 * SECOND_NS, resend_until_ns=1500 * SECOND_NS, not_accepted_status=(429,),
)  # fmt: skip
LISTS: Final = Profile(
    name="lists", proof=ProofClass.LISTS, absence_reads=2, absence_wait_ns=600 * SECOND_NS, not_accepted_status=(429,)
)
PROFILES: Final = (SHORT_WINDOW, LOOK_UP, LISTS)
