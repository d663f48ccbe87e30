"""A driver to start from: it speaks the suite's protocol, and skips every op until you hand it to your router.

otb-conformance smoke --program "python3 driver.py"    is this file broken?
otb-conformance run --program "python3 driver.py"      is the router what it claims to be?
"""

import json
import sys

IMPLEMENTATION = {"name": "my-router", "version": "0.1.0", "language": "python"}
PROFILES = []  # What your router does: "pricing", "routing", ... Claim nothing that it does not do.
FEATURES = []  # "yaml", when it reads documents in YAML.

given = {}  # The documents of the case: policy, catalog, value_rules, ...; and its clock and seed.
state = {}  # What was asked since: the last decision, for `next` and `settle`.


def price(args):
    """Return what your router says a usage costs: {"model", "currency", "total", "lines"}.

    The catalog is given["catalog"]; args has "model", "usage" and "at". Money is text: "0.01", never a float.
    What cannot be priced is an answer too: {"problems": [{"code": "unknown-model", "pointer": "/model", ...}]}.
    """
    raise NotImplementedError("price is not handed to the router yet")


OPS = {"price": price}  # One line for each op that your router has; every other one is skipped.


def answer(message):
    command = message["command"]
    if command == "start":
        about = {"implementation": IMPLEMENTATION, "profiles": PROFILES, "features": FEATURES}
        return {"result": {"protocol": "1.0", **about}}
    if command == "step":
        if message["op"] not in OPS:
            return {"skipped": {"reason": f"there is no {message['op']} here"}}
        return {"result": OPS[message["op"]](message["args"])}
    if command not in ("configure", "reset", "stop"):
        raise ValueError(f"no command is called {command}")
    if command == "configure":  # Forget everything, and take what is given.
        given.clear()
        given.update(message["given"])
    state.clear()  # On `reset` too: what was asked is forgotten, what was given stays.
    return {"result": {}}


for line in sys.stdin:
    message = {}
    try:
        message = dict(json.loads(line))
        said = answer(message)
    except NotImplementedError as missing:
        said = {"skipped": {"reason": str(missing)}}
    except Exception as fault:  # Say so, and go on with the next line.
        said = {"errored": {"message": f"{type(fault).__name__}: {fault}"}}
    # Standard output is for answers alone; print whatever else you like to sys.stderr.
    print(json.dumps({"id": message.get("id"), **said}), flush=True)
    if message.get("command") == "stop":
        break
