"""Trees compiled to revisions, the ledger of them, and what one changes for the fleet. Pure."""
