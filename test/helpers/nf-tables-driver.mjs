/*
 * Changes and reads sets of the network namespace that it was started in, since a process that
 * runs already cannot enter one. Questions and answers are lines of JSON, columns arrays of
 * numbers:
 *
 *   { "change": [SetChange…], "options": {…} }   → { "ms" }
 *   { "read": SetName }                          → { "ms", "value": { firsts, lasts, details, … } }
 *   { "generation": true }                       → { "ms", "value": number }
 *   { "available": true }                        → { "ms", "value": {…} }
 *
 * What is thrown is answered as { "ms", "error": { code, name, message } }.
 */
import { createInterface } from 'node:readline';

import { changeElements } from '../../dist/linux/change-elements.js';
import { available } from '../../dist/linux/native.js';
import { readElements, readGeneration } from '../../dist/linux/read-elements.js';

const columns = (ranges) =>
  ranges && {
    ...ranges,
    firsts: Uint32Array.from(ranges.firsts),
    lasts: Uint32Array.from(ranges.lasts),
  };

function answer(question) {
  if (question.change) {
    const changes = question.change.map(({ remove, add, ...rest }) => ({
      ...rest,
      ...(remove && { remove: columns(remove) }),
      ...(add && { add: columns(add) }),
    }));
    return () => changeElements(changes, question.options);
  }
  if (question.read) return () => readElements(question.read);
  if (question.generation) return () => readGeneration();
  return () => available();
}

/** Typed arrays and maps as JSON has them. */
const plain = (value) =>
  value?.firsts
    ? {
        ...value,
        firsts: [...value.firsts],
        lasts: [...value.lasts],
        details: [...value.details],
      }
    : value;

for await (const line of createInterface({ input: process.stdin })) {
  const ask = answer(JSON.parse(line));
  const begin = performance.now();
  let result;
  try {
    result = { value: ask() };
  } catch (error) {
    result = { error: { code: error.code, name: error.name, message: error.message } };
  }
  const ms = performance.now() - begin;
  process.stdout.write(`${JSON.stringify({ ...result, value: plain(result.value), ms })}\n`);
}
