// Problems are data, not exceptions; a call that has no answer throws a Refusal that carries them.

/**
 * One thing that is wrong with an input (OTB-DOC-030).
 *
 * @param {string} code a code of problem-codes.json
 * @param {string} pointer JSON pointer of what is wrong, or of what lacks a field
 * @param {string} message for people; never compared
 * @param {string} [requirement] the requirement that is violated
 * @returns {{code: string, severity: string, pointer: string, message: string, requirement?: string}}
 */
export function problem(code, pointer, message, requirement) {
  const made = {code, severity: 'error', pointer, message};
  if (requirement !== undefined) made.requirement = requirement;
  return made;
}

/**
 * Like `problem`, of severity `warning`: the input is still answered.
 *
 * @param {string} code
 * @param {string} pointer
 * @param {string} message
 * @param {string} [requirement]
 * @returns {object} the problem
 */
export function warning(code, pointer, message, requirement) {
  return {...problem(code, pointer, message, requirement), severity: 'warning'};
}

/**
 * Whether one of the problems forbids an answer.
 *
 * @param {object[]} problems
 * @returns {boolean}
 */
export function hasError(problems) {
  return problems.some((one) => one.severity === 'error');
}

/** Thrown by what cannot answer; the session answers its `problems`. */
export class Refusal extends Error {
  /** @param {object[]} problems at least one */
  constructor(problems) {
    super(problems[0]?.message ?? 'refused');
    this.name = 'Refusal';
    this.problems = problems;
  }
}

/**
 * Refuses with a single problem; never returns.
 *
 * @param {string} code
 * @param {string} pointer
 * @param {string} message
 * @param {string} [requirement]
 */
export function refuse(code, pointer, message, requirement) {
  throw new Refusal([problem(code, pointer, message, requirement)]);
}
