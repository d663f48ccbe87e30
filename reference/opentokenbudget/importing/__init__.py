"""Prices and configurations of others, as documents, with a report of what was lost.

An importer answers plain data of a document and its loss report; what is suspicious about prices is data too.
"""
