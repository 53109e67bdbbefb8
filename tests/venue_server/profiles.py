"""Profiles of the venue with faults, one for each class of proof."""

from __future__ import annotations

from typing import Final

from engine.live.venue import ProofClass, usual

SHORT_WINDOW: Final = usual("short", ProofClass.SHORT_WINDOW, not_accepted_status=(429,))
LOOK_UP: Final = usual("look_up", ProofClass.LOOK_UP, not_accepted_status=(429,))
LISTS: Final = usual("lists", ProofClass.LISTS, not_accepted_status=(429,))
PROFILES: Final = (SHORT_WINDOW, LOOK_UP, LISTS)
