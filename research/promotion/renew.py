"""Sign changed code after it made the bets of a promotion once more, every bit the same."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import PromotionError
from engine.promotion import RENEWED, Change, add_change, check, hashes_in_force, load
from engine.promotion.frozen import DATA_HASHES, is_artifact
from research.promotion.deployed import spec_of
from research.promotion.hashes import code_hashes, data_hash
from research.promotion.proof import first_difference, replayed, stored_bets
from research.tapes.builder import Tapes


@dataclass(frozen=True)
class Renewal:
    """What a renewal found.

    Attributes
    ----------
    bets : int
        Bets that are the same.
    hashes : dict of str to str
        Those that changed and are signed now; empty: nothing had changed, and nothing was written.
    """

    bets: int
    hashes: dict[str, str]


def renew(name: str, person: str, now_ns: int) -> Renewal:
    """Replay the bets of a promotion with today's code, and sign its hashes if every bit is the same.

    The digest stays, and with it the keys of all bets.

    Parameters
    ----------
    name, person : str
    now_ns : int
        UTC nanoseconds.

    Raises
    ------
    PromotionError
        It is edited, demoted or expired, the store holds other rows, or a bet is another one: the first is named.
    """
    promotion, tapes = load(name), Tapes()
    spec = spec_of(promotion.settings, promotion.fit_at)
    before, current = hashes_in_force(promotion), code_hashes(spec)
    stays = {"data": data_hash(spec, tapes)}  # a renewal signs code, neither data nor the files that a strategy reads
    stays |= {key: value for key, value in current.items() if is_artifact(key)}
    code = {key: value for key, value in before.items() if key not in DATA_HASHES and not is_artifact(key)}
    check(promotion, now_ns, code | stays)
    stored = stored_bets(promotion)
    if difference := first_difference(stored, replayed(spec, promotion.settings, tapes, fresh=True).bets):
        raise PromotionError(
            f"the code of today makes other bets than promotion {name}",
            found=difference,
            todo="go back to the code that was promoted, or repeat the run and promote under another name",
        )
    changed = {key: value for key, value in current.items() if before.get(key) != value}
    if changed:
        reason = f"{stored.height} bets are the same"
        add_change(promotion, Change(RENEWED, now_ns, person, reason, changed))
    return Renewal(stored.height, changed)
