"""The blocks of the home page: apps register theirs, the page loads each lazily and names none of them."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Tile:
    """A fragment of the home page behind ``url_name`` (no arguments), ``width`` of the page's four columns wide."""

    name: str
    url_name: str
    label: Any
    permission: str = ""
    order: int = 100
    width: int = 2


_tiles: dict[str, Tile] = {}


def register(tile: Tile) -> None:
    """Put a block on the home page, in ``ready()``; the same name again replaces it."""
    if tile.width not in {1, 2, 4}:
        raise ValueError(f"{tile.name}: a tile is 1, 2 or 4 columns wide")
    _tiles[tile.name] = tile


def tiles_for(staff: Any) -> list[Tile]:
    """The blocks that this person may see, in order."""
    allowed = [tile for tile in _tiles.values() if not tile.permission or staff.has_perm(tile.permission)]
    return sorted(allowed, key=lambda tile: (tile.order, tile.name))
