"""The layers, read from the one list in ``pyproject.toml``."""

import tomllib
from pathlib import Path

BASE = Path(__file__).resolve().parents[1]
CONTRACTS = {
    contract["id"]: contract
    for contract in tomllib.loads((BASE / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}
LAYERS = [[name.strip() for name in line.split("|")] for line in CONTRACTS["apps"]["layers"]]
RANKS = {app: len(LAYERS) - index for index, apps in enumerate(LAYERS) for app in apps}
"""Higher numbers are higher layers; an app may use another only if its own number is the greater one."""


def may_use(user: str, used: str) -> bool:
    """Whether code of app ``user`` may name things of app ``used``."""
    return user == used or RANKS[user] > RANKS[used]
