"""Fuzzing: the same generated questions to two implementations, whose answers must be the same bytes."""
