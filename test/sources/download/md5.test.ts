import { expect, test } from 'vitest';

import { parseMd5 } from '../../../src/sources/download/md5.js';

const HEX = '07bd918ccf55978d9fd81fd9671cf440';
const OTHER = '4d248853fa9d9769f215100cfca5f7b1';

test.each([
  ['BSD', `MD5 (delegated-apnic-latest) = ${HEX}\n`],
  ['BSD without a final newline', `MD5 (delegated-ripencc-extended-latest) = ${HEX}`],
  ['OpenSSL', `MD5(delegated-apnic-latest)= ${HEX}\n`],
  ['GNU, of the dated file', `${HEX}  delegated-arin-extended-20190911\n`],
  ['GNU, binary', `${HEX} *delegated-arin-extended-latest`],
  ['the digest alone', HEX],
  ['capitals and CRLF', `${HEX.toUpperCase()}  file\r\n`],
  ['the same digest twice', `${HEX}  a\n${HEX}  b\n`],
])('%s', (_form, text) => {
  expect(parseMd5(text)).toBe(HEX);
});

test.each([
  ['nothing', ''],
  ['HTML', '<html><body>404</body></html>'],
  ['too short', HEX.slice(1)],
  ['too long (SHA-1)', `${HEX}01234567  file`],
  ['two digests', `${HEX}  a\n${OTHER}  b\n`],
])('none in %s', (_form, text) => {
  expect(parseMd5(text)).toBeUndefined();
});
