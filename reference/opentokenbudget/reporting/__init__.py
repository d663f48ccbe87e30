"""What a usage log tells: so far, how the next period's limits could be divided."""

from .planning import Plan, Share, plan_limits, read_shares

__all__ = ["Plan", "Share", "plan_limits", "read_shares"]
