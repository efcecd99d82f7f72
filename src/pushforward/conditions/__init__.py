"""What is told of a row before the rest of it is drawn: "cut=Ideal,price>=5000".

    text ─ grammar ─ clauses ─ coded (by a schema) ─┬─ Condition ─ Conditional ─ rows, log P
    {"cut": "Ideal"} ─ mapping (by a schema) ───────┘

Which columns are told is chosen after training: a model of any order takes them first.
"""

from pushforward.conditions.coded import Condition, code
from pushforward.conditions.draws import Conditional, any_order
from pushforward.conditions.grammar import Clause, parse
from pushforward.conditions.mapping import from_mapping

__all__ = ["Clause", "Condition", "Conditional", "any_order", "code", "from_mapping", "parse"]
