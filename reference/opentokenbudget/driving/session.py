"""A session: the documents of a case, and the answers of the reference to its steps.

Answers are JSON data; what cannot be answered is `{"problems": [...]}`. spec/90-conformance.md lists the ops.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from opentokenbudget.amounts import InvalidInstant, format_decimal, format_instant, parse_instant
from opentokenbudget.classifiers import compile_classifiers
from opentokenbudget.conditions import evaluate, parse
from opentokenbudget.documents import Document, first_stage, in_document_order, read
from opentokenbudget.engine import Engine, account_form
from opentokenbudget.opening import catalog_of, compiled_policy
from opentokenbudget.pools import Pools, StoreUnavailable
from opentokenbudget.pricing import Catalog
from opentokenbudget.pricing.catalog import instant_of
from opentokenbudget.problems import Problem, ProblemError
from opentokenbudget.routing import Decision, Policy
from opentokenbudget.routing.request import max_usage_problems
from opentokenbudget.value import compile_value_rules

from .checking import check_given, load_given
from .facts import normal_facts
from .stepping import SteppedStore

Answer = dict[str, Any]

_KINDS = {
    "policy": "policy",
    "catalog": "catalog",
    "base_catalog": "catalog",
    "value_rules": "value-rules",
    "classifier": "classifier",
}
_NOON = "2026-11-23T12:00:00Z"
_FIELDS = {"/usage/input": "/input_tokens", "/usage/output": "/max_output_tokens"}
_VERDICTS = {True: True, False: False, None: "unknown"}


class BadArguments(Exception):
    """Arguments that an op cannot be asked with: what is missing."""


class Session:
    """The reference behind the suite's protocol.

    It holds what `configure` gave, the decisions for `next` and `settle`, and what pools have counted.
    """

    def __init__(self) -> None:
        self.configure({})

    def configure(self, given: Mapping[str, Any]) -> None:
        """Forget everything, and take what `given` holds; documents are read when a step first needs them."""
        self._given: Mapping[str, Any] = given
        self._catalog: Catalog | None = None
        self._policy: tuple[Policy, Pools | None] | None = None
        self.reset()

    def reset(self) -> None:
        """Forget what was asked since `configure`; keep what was given."""
        self._engine: Engine | None = None
        self._decisions: dict[str, Decision] = {}
        self._store = SteppedStore(0)

    def step(self, op: str, args: Mapping[str, Any]) -> Answer:
        """Return the answer to `op`; problems are an answer too.

        Raises:
            NotImplementedError: no such op.
            BadArguments: an argument that the op needs is missing.
        """
        if op not in OPS:
            raise NotImplementedError(f"the reference does not know the op `{op}`")
        if missing := [f"`{name}`" for name in OPS[op].needs if name not in args]:
            raise BadArguments(f"`{op}` needs {' and '.join(missing)}")
        try:
            return OPS[op].answer(self, args)
        except ProblemError as wrong:
            return _problems(wrong.problems)

    def check(self, args: Mapping[str, Any]) -> Answer:
        """Check a document: its shape, what it refers to among the given ones, and what it says."""
        found = check_given(args["document"], self._others(), args.get("kind"), self._given.get("attributes"))
        return _problems(found)

    def parse(self, args: Mapping[str, Any]) -> Answer:
        """Read a text as YAML or JSON."""
        if not args.keys() & {"text", "base64"}:
            raise BadArguments("`parse` needs `text` or `base64`")
        raw = base64.b64decode(args["base64"]) if "base64" in args else _bytes(args["text"])
        reading = read(raw, file=f"text.{args.get('format', 'yaml')}")
        return _problems(first_stage(reading)) if reading.problems else {"data": reading.data}

    def digest(self, args: Mapping[str, Any]) -> Answer:
        """Answer the digest of a document, its references read among the step's own and the given ones."""
        others = {**self._others(), **args.get("references", {})}
        loaded, found = load_given(args["document"], others)
        return _problems(found) if loaded is None else {"digest": loaded.digest}

    def evaluate(self, args: Mapping[str, Any]) -> Answer:
        """Answer a condition over facts: true, false or `unknown`."""
        if args["when"] == {}:
            # A document cannot hold it (OTB-COND-002), so the language has no answer for it either.
            raise ProblemError(
                Problem("empty-condition", "", "an empty condition says nothing", "OTB-COND-002")
            )
        condition = parse(args["when"], types=args["types"])
        return {"result": _VERDICTS[evaluate(condition, normal_facts(args["facts"], args["types"]))]}

    def price(self, args: Mapping[str, Any]) -> Answer:
        """Price a usage."""
        catalog = self.catalog
        at = instant_of(args["at"])
        cost = catalog.price(args["model"], args["usage"], at, args.get("context"), args.get("used"))
        return cost.as_json()

    def bounds(self, args: Mapping[str, Any]) -> Answer:
        """Answer the expected cost and the upper bound of a request."""
        catalog = self.catalog
        at = _instant(args["at"], "/at")
        until = _instant(args["until"], "/until") if "until" in args else None
        estimator = catalog.estimator(args["model"], args.get("context"))
        read_tokens, written_tokens = args["input_tokens"], args["max_output_tokens"]
        if found := max_usage_problems(args.get("max_usage", {})):
            raise ProblemError(found)
        expected_output = args.get("expected_output_tokens", written_tokens)
        expected = estimator.expected(read_tokens, expected_output, at)
        if expected is None:
            raise ProblemError(_of_fields(estimator.problems(read_tokens, expected_output, at)))
        bound = estimator.upper(read_tokens, written_tokens, at, until, args.get("max_usage"))
        if bound is None:
            message = f"`{args['model']}` has no rate for all that this may use"
            raise ProblemError(Problem("unpriced-meter", "", message, "OTB-PRICE-053"))
        return {"expected": format_decimal(expected), "bound": format_decimal(bound)}

    def lifecycle(self, args: Mapping[str, Any]) -> Answer:
        """Answer the status of a model at an instant."""
        catalog = self.catalog
        at = _instant(args["at"], "/at")
        model = catalog.resolve(args["model"])
        if model is None:
            raise ProblemError(Problem("unknown-model", "/model", f"no model is called `{args['model']}`"))
        return {"status": model.status(at)}

    def weigh(self, args: Mapping[str, Any]) -> Answer:
        """Answer the value of a request with these facts, and the rules that counted."""
        types = self._given.get("attributes", {})
        document = self._document("value_rules")
        try:
            rules = compile_value_rules(document.data, types)
        except ProblemError as wrong:
            raise ProblemError(in_document_order(wrong.problems, document.data)) from None
        value = rules.weigh(normal_facts(args["facts"], types))
        return {"value": format_decimal(value.weight), "rules": list(value.rules)}

    def classify(self, args: Mapping[str, Any]) -> Answer:
        """Answer what the policy's classifiers say of a text."""
        self._check("policy")
        classifiers = compile_classifiers(self._document("policy").data.get("classifiers", ()))
        given = args.get("attributes", {})
        found = classifiers.classify(args.get("text"), args.get("classifications"), given)
        return {
            "classified": {
                attribute: {
                    "value": said.value,
                    "confidence": format_decimal(said.confidence),
                    "classifier": said.classifier,
                }
                for attribute, said in found.items()
            }
        }

    def decide(self, args: Mapping[str, Any]) -> Answer:
        """Decide a request; the decision is what `next` and `settle` speak of from then on."""
        decision = self._engine_at(args).decide(args["request"], at=args.get("at"), health=args.get("health"))
        return self._decided(decision, args)

    def next(self, args: Mapping[str, Any]) -> Answer:
        """Answer what follows the last decision's attempt."""
        outcome = args.get("outcome", {})
        last = self._last(args)
        following = self._engine_at(args).next(
            last,
            error=outcome.get("error"),
            score=outcome.get("score"),
            usage=outcome.get("usage"),
            at=args.get("at"),
            health=args.get("health"),
        )
        return self._decided(following, args)

    def settle(self, args: Mapping[str, Any]) -> Answer:
        """Answer the record of the last decision's attempt."""
        last = self._last(args)
        record = self._engine_at(args).settle(
            last,
            usage=args.get("usage"),
            usage_source=args.get("usage_source"),
            served=args.get("served"),
            context=args.get("context"),
            error=args.get("error"),
        )
        return record.as_json()

    def release(self, args: Mapping[str, Any]) -> Answer:
        """Answer the record of the last decision's attempt, which was not made."""
        last = self._last(args)
        return self._engine_at(args).release(last).as_json()

    def extend(self, args: Mapping[str, Any]) -> Answer:
        """Let what pools hold for the last decision's attempt live longer."""
        last = self._last(args)
        try:
            until = self._engine_at(args).extend(last, args["seconds"])
        except StoreUnavailable:
            until = None
        return {"expires_at": None if until is None else format_instant(until)}

    def pools(self, args: Mapping[str, Any]) -> Answer:
        """Answer every balance that pools have counted."""
        return {"balances": [account_form(account) for account in self._engine_at(args).accounts()]}

    def record(self, args: Mapping[str, Any]) -> Answer:
        """Check a usage record."""
        return _problems(check_given(args["record"], {}, "usage-record"))

    @property
    def catalog(self) -> Catalog:
        """The given catalog, compiled when first asked for."""
        if self._catalog is None:
            self._catalog = catalog_of(self._document("catalog"))
        return self._catalog

    @property
    def engine(self) -> Engine:
        """An engine under the given policy, made when first asked for."""
        if self._engine is None:
            if self._policy is None:
                self._policy = self._compile_policy()
            policy, pools = self._policy
            now = self._clock()
            self._engine = Engine(
                policy,
                clock=lambda: now,
                seed=self._given.get("seed", "otb"),
                pools=pools,
                store=self._store,
            )
        return self._engine

    def _compile_policy(self) -> tuple[Policy, Pools | None]:
        self._check("policy")
        return compiled_policy(self._document("policy"))

    def _check(self, name: str) -> None:
        """Refuse a given document of which `check` answers an error."""
        if name in self._given:
            found = check_given(self._given[name], self._others(), _KINDS[name], name=name)
            if any(problem.severity == "error" for problem in found):
                raise ProblemError(found)

    def _document(self, name: str) -> Document:
        if name not in self._given:
            raise ProblemError(Problem("unresolved-reference", "", f"no `{name}` is given", "OTB-CONF-012"))
        loaded, found = load_given(self._given[name], self._others(), _KINDS[name], name)
        if loaded is None:
            raise ProblemError(found)
        return loaded

    def _others(self) -> dict[str, Any]:
        return {name: self._given[name] for name in _KINDS if name in self._given}

    def _clock(self) -> int:
        return _instant(self._given.get("clock", _NOON), "/clock")

    def _engine_at(self, args: Mapping[str, Any]) -> Engine:
        """Return the engine, its store's clock set and its store answering as a step says."""
        engine = self.engine
        self._store.answers = args.get("store") != "unavailable"
        try:
            self._store.now = parse_instant(args.get("store_at", args.get("at")))
        except (InvalidInstant, TypeError):
            # None is given, or one of which the engine says what is wrong.
            self._store.now = self._clock()
        return engine

    def _decided(self, decision: Decision, args: Mapping[str, Any]) -> Answer:
        # The last is found at the end.
        self._decisions.pop(decision.request.id, None)
        self._decisions[decision.request.id] = decision
        return decision.as_json(self.engine.trace(decision) if args.get("trace") else None)

    def _last(self, args: Mapping[str, Any]) -> Decision:
        """Return the last decision, or the last of the request that `of` names."""
        name = args.get("of", next(reversed(self._decisions), None))
        if name not in self._decisions:
            raise ProblemError(
                Problem("nothing-to-settle", "", "no decision was made before this step", "OTB-CONF-010")
            )
        return self._decisions[name]


class Op(NamedTuple):
    """What answers an op, and the arguments without which it cannot."""

    answer: Callable[[Session, Mapping[str, Any]], Answer]
    needs: tuple[str, ...] = ()


OPS: Mapping[str, Op] = {
    "check": Op(Session.check, ("document",)),
    "parse": Op(Session.parse),
    "digest": Op(Session.digest, ("document",)),
    "evaluate": Op(Session.evaluate, ("when", "facts", "types")),
    "price": Op(Session.price, ("model", "usage", "at")),
    "bounds": Op(Session.bounds, ("model", "input_tokens", "max_output_tokens", "at")),
    "lifecycle": Op(Session.lifecycle, ("model", "at")),
    "weigh": Op(Session.weigh, ("facts",)),
    "classify": Op(Session.classify),
    "decide": Op(Session.decide, ("request",)),
    "next": Op(Session.next),
    "settle": Op(Session.settle),
    "release": Op(Session.release),
    "extend": Op(Session.extend, ("seconds",)),
    "pools": Op(Session.pools),
    "record": Op(Session.record, ("record",)),
}
"""What a session can be asked, by the name of the op."""


def _problems(problems: tuple[Problem, ...]) -> Answer:
    return {"problems": [problem.as_json() for problem in problems]}


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _of_fields(problems: tuple[Problem, ...]) -> list[Problem]:
    """Return problems of a usage at the fields of a request for bounds."""
    return [replace(one, pointer=_FIELDS.get(one.pointer, one.pointer)) for one in problems]


def _instant(text: str, pointer: str) -> int:
    try:
        return parse_instant(text)
    except InvalidInstant as wrong:
        raise ProblemError(Problem("bad-instant", pointer, str(wrong), "OTB-DOC-022")) from None
