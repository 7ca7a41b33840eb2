// Writes the pages that are made from the program itself; run by `npm run docs`.
import { writeFileSync } from 'node:fs';

import { configurationReference } from '../dist/config/reference.js';

const page = new URL('../docs/configuration.md', import.meta.url);
writeFileSync(page, configurationReference());
