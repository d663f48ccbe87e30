"""`python -m opentokenbudget_conformance`."""

from .cli import main

main()
