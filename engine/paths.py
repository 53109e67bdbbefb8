"""Where files are: the user's data, the Hydra configuration, the embedded sample."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGES = Path(__file__).resolve().parent.parent
_SHIPPED = _PACKAGES / "research" / "_shipped"


def _in_checkout() -> bool:
    return (_PACKAGES / "conf" / "backtest.yaml").is_file() and (_PACKAGES / "pyproject.toml").is_file()


def home() -> Path:
    """Folder that holds `data/store`, `data/runs` and `data/cache` by default.

    It is the folder in the environment variable ``BEA_HOME``. If that is not set, it is the checkout from which the
    packages are imported. Where they are installed, it is ``~/bea``, whatever the current folder is.
    """
    return home_and_origin()[0]


def home_and_origin() -> tuple[Path, str]:
    """The home folder, and what it follows from: ``BEA_HOME``, ``the checkout`` or ``the default``."""
    folder = os.environ.get("BEA_HOME")
    if folder:
        return Path(folder).expanduser().resolve(), "BEA_HOME"
    return (_PACKAGES, "the checkout") if _in_checkout() else (Path("~/bea").expanduser().resolve(), "the default")


def user_folders(config_dir: Path | None = None) -> list[Path]:
    """Folders that may hold the user's own strategies, features, staking rules and mappings, in order of preference.

    Parameters
    ----------
    config_dir : Path, optional
        Folder given with ``--config-dir``; it comes before the home folder.
    """
    return ([config_dir] if config_dir is not None else []) + [home()]


def conf_dir() -> Path:
    """Folder of the Hydra configuration: `conf` in a checkout, a folder of the package where it is installed."""
    return _PACKAGES / "conf" if _in_checkout() else _SHIPPED / "conf"


def is_address(text: str) -> bool:
    """Whether a text names a place on an object store, such as ``s3://bucket/prefix``, rather than a folder."""
    return "://" in text


def sample_store() -> Path:
    """Folder of the embedded sample store, which is simulated."""
    return _PACKAGES / "data" / "sample" if _in_checkout() else _SHIPPED / "sample"
