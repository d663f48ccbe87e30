// Speaks the driver's protocol: reads messages by lines on standard input, and answers each with one line.

import {compact, readJson} from './json.mjs';
import {openSession, Skipped} from './session.mjs';

const PROTOCOL = '1.0';
const START = Object.freeze({
  protocol: PROTOCOL,
  implementation: {name: 'otb-second', version: '0.1.0', language: 'javascript'},
  profiles: ['documents', 'pricing', 'value', 'classifiers', 'routing', 'cascade'],
  features: [],
});

const session = openSession();

/**
 * Answers one message (OTB-CONF-001, 003 to 008).
 *
 * @param {string} line
 * @returns {{line: string, isLast: boolean}}
 */
function answer(line) {
  let id = null;
  try {
    const message = readJson(line);
    if (!(message.value instanceof Map)) throw new TypeError('a message is a mapping');
    id = message.value.get('id') ?? null;
    const result = resultOf(message);
    return {line: compact({id, result}), isLast: message.value.get('command') === 'stop'};
  } catch (error) {
    if (error instanceof Skipped) return {line: compact({id, skipped: {reason: error.message}}), isLast: false};
    return {line: compact({id, errored: {message: String(error?.message ?? error)}}), isLast: false};
  }
}

function resultOf(message) {
  const command = message.value.get('command');
  switch (command) {
    case 'start':
      return START;
    case 'configure':
      return session.configure(message);
    case 'step':
      return session.step(message);
    case 'reset':
      return session.reset();
    case 'stop':
      return {};
    default:
      throw new TypeError(`there is no command \`${command}\``);
  }
}

let rest = [];
let isStopped = false;

process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk) => {
  const lines = chunk.split('\n');
  rest.push(lines[0]);
  if (lines.length === 1) return;
  lines[0] = rest.join('');
  rest = [lines.pop()];
  answerAll(lines);
});
process.stdin.on('end', () => {
  const last = rest.join('');
  if (last !== '') answerAll([last]);
});

function answerAll(lines) {
  const answers = [];
  for (const line of lines) {
    if (isStopped || line.trim() === '') continue;
    const one = answer(line);
    answers.push(one.line);
    isStopped = one.isLast;
  }
  if (answers.length === 0) return;
  process.stdout.write(`${answers.join('\n')}\n`, () => {
    if (isStopped) process.exit(0);
  });
}
