"""Views by page; ``locked_out`` stands here because a setting names it."""

from stores.views.door import locked_out

__all__ = ["locked_out"]
