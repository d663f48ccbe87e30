// Speaks the driver's protocol: reads messages by lines on standard input, and answers each with one line.

import {compact, readJson} from './json.mjs';
import {openSession, Skipped} from './session.mjs';

const PROTOCOL = '1.0';
const START = Object.freeze({
  protocol: PROTOCOL,
  implementation: {name: 'otb-second', version: '0.1.0', language: 'javascript'},
  profiles: ['documents', 'pricing', 'value', 'classifiers', 'routing', 'cascade', 'usage-log', 'pools'],
  features: [],
});

const session = openSession();

/**
 * Answers one message (OTB-CONF-001, 003 to 008).
 *
 * @param {Buffer} line without its line feed
 * @returns {{line: string, isLast: boolean}}
 */
function answer(line) {
  let id = null;
  try {
    const message = readJson(textOf(line));
    const {value} = message;
    if (!(value instanceof Map) || typeof value.get('command') !== 'string' || !value.has('id')) {
      throw new TypeError('a message is a mapping with `command` and `id`');
    }
    if (!isId(value.get('id'))) throw new TypeError('the `id` of a message is an integer or text');
    id = value.get('id');
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

const utf8 = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});

function textOf(line) {
  try {
    return utf8.decode(line);
  } catch {
    throw new TypeError('a line is not UTF-8');
  }
}

function isId(id) {
  return id === null || ['string', 'number', 'bigint'].includes(typeof id);
}

const LINE_FEED = 0x0a;
let rest = [];
let isStopped = false;

process.stdin.on('data', (chunk) => {
  const lines = [];
  let from = 0;
  for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, from)) {
    rest.push(chunk.subarray(from, end));
    lines.push(Buffer.concat(rest));
    rest = [];
    from = end + 1;
  }
  if (from < chunk.length) rest.push(chunk.subarray(from));
  answerAll(lines);
});
process.stdin.on('end', () => {
  if (rest.length > 0) answerAll([Buffer.concat(rest)]);
});
// Who asks no more wants no more answers.
process.stdout.on('error', (error) => process.exit(error.code === 'EPIPE' ? 0 : 1));

function answerAll(lines) {
  const answers = [];
  for (const line of lines) {
    if (isStopped) break;
    const one = answer(line);
    answers.push(one.line);
    isStopped = one.isLast;
  }
  if (answers.length === 0) return;
  // Earlier answers may still be on their way when the last one is written.
  const isLast = isStopped;
  process.stdout.write(`${answers.join('\n')}\n`, () => {
    if (isLast) process.exit(0);
  });
}
