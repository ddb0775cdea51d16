"""The log-ins of the demo data, shown on the log-in page of a demo installation only."""

from stores import roles

PASSWORD = "patron-demo-26"  # noqa: S105  (good for the demo's made-up data only)
USERNAMES = tuple(roles.LABELS)
