// Writes what documentation takes from the program itself; run by `npm run docs`.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { format, resolveConfig } from 'prettier';

import { manual } from '../dist/cli/manual.js';
import { configurationReference } from '../dist/config/reference.js';
import { formatsReference } from '../dist/formats/reference.js';
import { findingsReference } from '../dist/mta/doctor/reference.js';
import { registriesReference } from '../dist/sources/reference.js';

const pathOf = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));

/** Puts a text between `<!-- NAME -->` and `<!-- /NAME -->` of a page. */
async function writeBetween(page, name, inner) {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const text = readFileSync(pathOf(page), 'utf8');
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${page}: expected ${start} and, behind it, ${end}`);
  const whole = `${text.slice(0, from)}${start}\n\n${inner}\n${text.slice(to)}`;
  const style = { ...(await resolveConfig(pathOf(page))), parser: 'markdown' };
  writeFileSync(pathOf(page), await format(whole, style));
}

writeFileSync(pathOf('docs/configuration.md'), configurationReference());
writeFileSync(pathOf('docs/sekisho.8'), await manual());
await writeBetween('README.md', 'formats', formatsReference());
await writeBetween('README.ja.md', 'formats', formatsReference());
await writeBetween('docs/sources.md', 'registries', registriesReference());
await writeBetween('docs/mail-doctor.md', 'findings', findingsReference());
