// Makes dist/main.cjs, which starts the program, and dist/bundle/, which it starts: all modules
// in one file, and the form of it that this Node.js has compiled. `npm run build` calls it; with
// three words it does the same for another program (ENTRY MAIN WARM_UP, as of benchmarks).
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
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const [
  ENTRY = join(ROOT, 'src/cli/program.ts'),
  MAIN = join(ROOT, 'dist/main.cjs'),
  WARM_UP = join(ROOT, 'scripts/bundle/warm-up.mjs'),
] = process.argv.slice(2).map((path) => resolve(path));
const FOLDER = join(dirname(MAIN), 'bundle');

/** Packages that most commands do without, or that have files of their own; found as always. */
const OUTSIDE = [
  'cli-progress',
  'cli-table3',
  'csv-parse',
  'json-p3',
  'koffi',
  'node-cron',
  'nodemailer',
  'pino',
  'prom-client',
  're2js',
  'undici',
];

/** Only ASCII, so that V8 keeps a byte a character and the file is read as Latin-1. */
const { outputFiles } = await build({
  entryPoints: [ENTRY],
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
// the modules in a function of their own: their names are not to hide those around them
const text = `(function (require, bundleFile) {
const bundleUrl = require('node:url').pathToFileURL(bundleFile).href;
const module = { exports: {} };
(function () {
${outputFiles[0].text}
})();
return module.exports;
})`;

// named after their content: no main.cjs ever meets the compiled form of another text
const name = `sekisho-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.cjs`;
const file = join(FOLDER, name);
mkdirSync(FOLDER, { recursive: true });
writeAtomically(file, text);
execFileSync(process.execPath, [join(ROOT, 'scripts/bundle/compile.mjs'), file, WARM_UP], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
const main = readFileSync(join(ROOT, 'scripts/bundle/main.cjs'), 'utf8');
writeAtomically(MAIN, main.replace('BUNDLE_NAME', name));
chmodSync(MAIN, 0o755);
// for who still starts the module, slower
if (process.argv.length === 2) {
  writeAtomically(join(ROOT, 'dist/main.js'), "#!/usr/bin/env node\nimport './main.cjs';\n");
  chmodSync(join(ROOT, 'dist/main.js'), 0o755);
}
for (const old of readdirSync(FOLDER)) {
  if (!old.startsWith(name)) rmSync(join(FOLDER, old));
}

/** A program that starts meanwhile finds the old file or the new one. */
function writeAtomically(path, content) {
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
}
