"""Promotions: a frozen configuration, its signature, and the bands that its future must stay in."""

from engine.promotion.checks import check, check_feed
from engine.promotion.frozen import (
    DEMOTED,
    MODES,
    RENEWED,
    Change,
    Promotion,
    add_change,
    changing,
    check_free,
    hashes_in_force,
    history,
    iso,
    load,
    names,
    promotion_path,
    promotions_folder,
    publish,
)

__all__ = [
    "DEMOTED",
    "MODES",
    "RENEWED",
    "Change",
    "Promotion",
    "add_change",
    "changing",
    "check",
    "check_feed",
    "check_free",
    "hashes_in_force",
    "history",
    "iso",
    "load",
    "names",
    "promotion_path",
    "promotions_folder",
    "publish",
]
