"""Pages of giveaways and order rewards, and the block of gifts on the member page."""
