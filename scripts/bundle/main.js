#!/usr/bin/env node
// Starts the program from one file with V8's compiled form beside it (scripts/bundle/make.mjs):
// to load and compile some hundred modules would take longer than most commands.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

// before the work begins, as src/util/hold-signals.ts says; only what Node.js holds ready came first
process.on('SIGUSR1', () => undefined);

const file = fileURLToPath(new URL('./bundle/BUNDLE_NAME', import.meta.url));
const compiled = `${file}.compiled`;
const script = new Script(readFileSync(file, 'latin1'), {
  filename: file,
  // another version of Node.js does not take it, and compiles anew
  cachedData: existsSync(compiled) ? readFileSync(compiled) : undefined,
});
const { runProgram } = script.runInThisContext()(createRequire(file), file);
process.exitCode = await runProgram(process.argv.slice(2));
