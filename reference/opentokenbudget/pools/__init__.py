"""Pools: who may spend how much of what, in which period; the ledger, and the stores that keep it."""
