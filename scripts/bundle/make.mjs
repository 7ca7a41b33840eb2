// Makes dist/main.js, which starts the program, and dist/bundle/, which it starts: all modules
// in one file, and the form of it that this Node.js has compiled. `npm run build` calls it.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = join(ROOT, 'dist/bundle');

/** Packages that most commands do without, or that have files of their own; found as always. */
const OUTSIDE = ['cli-progress', 'cli-table3', 'csv-parse', 'koffi', 'node-cron', 'pino', 'undici'];

/** Only ASCII, so that V8 keeps a byte a character and the file is read as Latin-1. */
const { outputFiles } = await build({
  entryPoints: [join(ROOT, 'src/cli/program.ts')],
  bundle: true,
  charset: 'ascii',
  define: { 'import.meta.url': 'bundleUrl' },
  external: OUTSIDE,
  format: 'cjs',
  logLevel: 'warning',
  platform: 'node',
  target: 'node20',
  write: false,
});
const text = `(function (require, file) {
const bundleUrl = require('node:url').pathToFileURL(file).href;
const module = { exports: {} };
${outputFiles[0].text}
return module.exports;
})`;

// named after their content: no main.js ever meets the compiled form of another text
const name = `sekisho-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.cjs`;
const file = join(FOLDER, name);
mkdirSync(FOLDER, { recursive: true });
writeAtomically(file, text);
execFileSync(process.execPath, [join(ROOT, 'scripts/bundle/compile.mjs'), file], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
const main = readFileSync(join(ROOT, 'scripts/bundle/main.js'), 'utf8');
writeAtomically(join(ROOT, 'dist/main.js'), main.replace('BUNDLE_NAME', name));
chmodSync(join(ROOT, 'dist/main.js'), 0o755);
for (const old of readdirSync(FOLDER)) {
  if (!old.startsWith(name)) rmSync(join(FOLDER, old));
}

/** A program that starts meanwhile finds the old file or the new one. */
function writeAtomically(path, content) {
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
}
