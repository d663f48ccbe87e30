"""What a usage log tells: so far, how the next period's limits could be divided."""

from .planning import Key, Plan, Share, plan_limits, read_outcomes, read_shares

__all__ = ["Key", "Plan", "Share", "plan_limits", "read_outcomes", "read_shares"]
