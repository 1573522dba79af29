"""Tree text: what it deploys to whom, and what may be wrong with it. Pure."""
