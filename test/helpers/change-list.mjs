/*
 * Adds a line to the list `blocked` and changes the kernel, as a command that blocks an address
 * would; prints what `changeList` said.
 *
 *   node change-list.mjs CONFIGURATION LINE [die]
 *
 * With `die` it ends before the files for the boot are written.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const load = (file) => import(new URL(`../../dist/${file}`, import.meta.url).href);
const [{ loadConfig }, { changeList }, { FirewallFolder }, { contentsOf, parseManualList }] =
  await Promise.all([
    load('config/load.js'),
    load('firewall/change-list.js'),
    load('firewall/generations.js'),
    load('lists/manual.js'),
  ]);

const [file, line, ending] = process.argv.slice(2);
const loaded = loadConfig(file);
const folder = new FirewallFolder(loaded.resolvePath(loaded.config.state));
const path = loaded.resolvePath(loaded.config.lists.blocked.file);
const setOf = (text) => contentsOf(parseManualList(text).entries, Date.now());
const text = readFileSync(path, 'utf8');
// `-ADDRESS` takes a line out
const changed = line.startsWith('-') ? text.replace(`${line.slice(1)}\n`, '') : `${text}${line}\n`;
writeFileSync(path, changed);
const change = { list: 'blocked', before: setOf(text), after: setOf(changed) };
const outcome = changeList(loaded, folder, change);
if (outcome.done && ending !== 'die') outcome.writeBoot();
process.stdout.write(outcome.done ? 'done' : outcome.reason);
