"""The small chain that a first start shows: made-up people and goods, a believable year, and a day at real tills."""

from lifecycle.services.demo.loading import load

__all__ = ["load"]
