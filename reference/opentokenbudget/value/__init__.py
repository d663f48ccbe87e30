"""From facts to the weight of a request: the product of the weights of the rules that are true."""

from .rules import Value, ValueRules, compile_value_rules, value_problems

__all__ = ["Value", "ValueRules", "compile_value_rules", "value_problems"]
