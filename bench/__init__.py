"""Speed, measured on the real thing: ``python -m bench`` (make bench)."""
