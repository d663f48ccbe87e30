// A driver to start from: it speaks the suite's protocol, and skips every op until you hand it to your router.
//
// otb-conformance smoke --program "node driver.mjs"    is this file broken?
// otb-conformance run --program "node driver.mjs"      is the router what it claims to be?

import { createInterface } from "node:readline";

const implementation = { name: "my-router", version: "0.1.0", language: "javascript" };
const profiles = []; // What your router does: "pricing", "routing", ... Claim nothing that it does not do.
const features = []; // "yaml", when it reads documents in YAML.

let given = {}; // The documents of the case: policy, catalog, value_rules, ...; and its clock and seed.
let state = {}; // What was asked since: the last decision, for `next` and `settle`.

class Skipped extends Error {}

// One function for each op that your router has; every other op is skipped.
const ops = {
  // What a usage costs: {model, currency, total, lines}. The catalog is given.catalog; args has model, usage and at.
  // Money is text: "0.01", never a number with a fraction.
  // What cannot be priced is an answer too: {problems: [{code: "unknown-model", pointer: "/model", ...}]}.
  price(args) {
    throw new Skipped("price is not handed to the router yet");
  },
};

function answer(message) {
  switch (message.command) {
    case "start":
      return { protocol: "1.0", implementation, profiles, features };
    case "step":
      if (!Object.hasOwn(ops, message.op)) throw new Skipped(`there is no ${message.op} here`);
      return ops[message.op](message.args);
    case "configure": // Forget everything, and take what is given.
      given = message.given;
      state = {};
      return {};
    case "reset": // Forget what was asked; what was given stays.
      state = {};
      return {};
    case "stop":
      return {};
    default:
      throw new Error(`no command is called ${message.command}`);
  }
}

// Standard output is for answers alone; write whatever else you like with console.error.
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  let message = { id: null };
  let said;
  try {
    message = JSON.parse(line);
    said = { result: answer(message) };
  } catch (fault) {
    said = fault instanceof Skipped ? { skipped: { reason: fault.message } } : { errored: { message: String(fault) } };
  }
  process.stdout.write(`${JSON.stringify({ id: message?.id ?? null, ...said })}\n`);
  if (message?.command === "stop") break;
}
