"""The typed face of documents: a frozen, strict model for each kind, and for everything in it.

    from opentokenbudget import models

    tier = models.Tier(id="small", models=("google/gemini-3-flash",), select="cheapest")
    policy = models.model_of("policy", data)
    data = models.document_of(policy)

A model accepts what the schema of its kind accepts, and nothing else. A constructor raises pydantic's
`ValidationError`, as Python programs expect; `model_of` raises our problems, as `otb check` reports them.
A name that Python reserves is another here, `from_` and the `NOT` of a condition; constructors take it as
documents write it.

Only this package imports pydantic, and nothing that decides, prices or checks imports this package.
"""

from .case import CaseDocument, CaseStep, Distribution, Expectations, ExpectedProblem, Given
from .catalog import (
    Allowance,
    AmountPer,
    BilledAs,
    Capabilities,
    CatalogDocument,
    CatalogModel,
    Discount,
    Forbidden,
    Lifecycle,
    Override,
    PricePeriod,
    Source,
)
from .classifier import ClassifierDocument, Features, Grams, Intent, Temperature
from .conditions import Condition, Operators, TimeWindow
from .converting import document_of, model_of
from .decision import AttemptNumber, Classified, CostEstimate, DecisionForm, DocumentUsed, Step, Trace
from .envelope import Envelope, Reference
from .forms import Form, FrozenDict
from .policy import (
    Attribute,
    ByUtility,
    Cascade,
    Classifier,
    DefaultRoute,
    Defaults,
    Deployment,
    Explore,
    Fairness,
    Fallback,
    Keywords,
    PolicyDocument,
    Rating,
    Rule,
    Tier,
    Utility,
)
from .pools import (
    ActionWith,
    Bucket,
    Guarantee,
    LimitAdjustment,
    LimitBy,
    Pool,
    Rollover,
    Threshold,
    Throttle,
    Window,
)
from .problem import ProblemForm
from .request import Classification, RequestForm
from .usage_record import (
    AdjustmentRecord,
    AttemptOutcome,
    AttemptRecord,
    CostLine,
    DecisionRecord,
    LineRate,
    ModelNames,
    Observations,
    PoolEntry,
    RealisedOutcome,
    Reservation,
    UsageRecord,
)
from .value_rules import ValueRule, ValueRulesDocument

__all__ = [
    "ActionWith",
    "AdjustmentRecord",
    "Allowance",
    "AmountPer",
    "AttemptNumber",
    "AttemptOutcome",
    "AttemptRecord",
    "Attribute",
    "BilledAs",
    "Bucket",
    "ByUtility",
    "Capabilities",
    "Cascade",
    "CaseDocument",
    "CaseStep",
    "CatalogDocument",
    "CatalogModel",
    "Classification",
    "Classified",
    "Classifier",
    "ClassifierDocument",
    "Condition",
    "CostEstimate",
    "CostLine",
    "DecisionForm",
    "DecisionRecord",
    "DefaultRoute",
    "Defaults",
    "Deployment",
    "Discount",
    "Distribution",
    "DocumentUsed",
    "Envelope",
    "Expectations",
    "ExpectedProblem",
    "Explore",
    "Fairness",
    "Fallback",
    "Features",
    "Forbidden",
    "Form",
    "FrozenDict",
    "Given",
    "Grams",
    "Guarantee",
    "Intent",
    "Keywords",
    "Lifecycle",
    "LimitAdjustment",
    "LimitBy",
    "LineRate",
    "ModelNames",
    "Observations",
    "Operators",
    "Override",
    "PolicyDocument",
    "Pool",
    "PoolEntry",
    "PricePeriod",
    "ProblemForm",
    "Rating",
    "RealisedOutcome",
    "Reference",
    "RequestForm",
    "Reservation",
    "Rollover",
    "Rule",
    "Source",
    "Step",
    "Temperature",
    "Threshold",
    "Throttle",
    "Tier",
    "TimeWindow",
    "Trace",
    "UsageRecord",
    "Utility",
    "ValueRule",
    "ValueRulesDocument",
    "Window",
    "document_of",
    "model_of",
]
