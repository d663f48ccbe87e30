"""Stores: what keeps a ledger. Each imports its own library when it is opened."""
