#!/usr/bin/env node
// Starts the program from one file with V8's compiled form beside it (scripts/bundle/make.mjs):
// to load and compile some hundred modules would take longer than most commands. A script, no
// module: to start with Node's loader of modules takes some ten milliseconds more.
'use strict';

// before the work begins, as src/util/hold-signals.ts says; only what Node.js holds ready came first
process.on('SIGUSR1', () => undefined);

const { existsSync, readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { Script } = require('node:vm');

const file = join(__dirname, 'bundle/BUNDLE_NAME');
const compiled = `${file}.compiled`;
const script = new Script(readFileSync(file, 'latin1'), {
  filename: file,
  // another version of Node.js does not take it, and compiles anew
  cachedData: existsSync(compiled) ? readFileSync(compiled) : undefined,
});
const { runProgram } = script.runInThisContext()(createRequire(file), file);
let isDone = false;
// as of a module that waits for what never comes
process.once('beforeExit', () => {
  if (!isDone) process.exitCode = 13;
});
void runProgram(process.argv.slice(2)).then((exitCode) => {
  isDone = true;
  process.exitCode = exitCode;
});
