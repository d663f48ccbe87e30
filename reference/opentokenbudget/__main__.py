"""`python -m opentokenbudget` is `otb`."""

from .cli import main

main()
