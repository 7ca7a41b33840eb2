import { expect, test } from 'vitest';

import { formatAddress } from '../../../src/ip/address.js';
import { clientInReceived } from '../../../src/mta/milter/judge/received.js';

test.each([
  // Postfix
  [
    'from a.example (b.example [192.0.2.1])\n\tby mx.example (Postfix) with ESMTPS id 4',
    '192.0.2.1',
  ],
  ['from a (unknown [IPv6:2001:db8::7])\n\tby mx (Postfix) with ESMTP', '2001:db8::7'],
  [
    'from a (b [192.0.2.1])\n\t(using TLSv1.3 with cipher X (256/256 bits))\n\tby mx with ESMTPS',
    '192.0.2.1',
  ],
  // sendmail, with ident
  ['from a (user@b [192.0.2.1] (may be forged))\n\tby mx (8.17/8.17) with ESMTP', '192.0.2.1'],
  // Exim, with and without a name
  ['from b.example ([192.0.2.1] helo=[203.0.113.9])\n\tby mx with esmtp (Exim 4.96)', '192.0.2.1'],
  ['from [192.0.2.1] (helo=[203.0.113.9])\n\tby mx with esmtp (Exim)', '192.0.2.1'],
  ['from [192.0.2.1] (port=4000 helo=x)\n\tby mx with esmtp (Exim)', '192.0.2.1'],
  // qmail, Exchange
  ['from unknown (HELO x) (192.0.2.1)\n  by mx with SMTP; 1 Jan', '192.0.2.1'],
  ['from a.example (192.0.2.1) by b.example (198.51.100.2) with Microsoft SMTP', '192.0.2.1'],
  // what a client says in HELO is not believed
  ['from [203.0.113.9] by (real [192.0.2.1]) by mx (Postfix) with SMTP', '192.0.2.1'],
  ['from (x [203.0.113.9]) (real [192.0.2.1]) by mx (Postfix) with SMTP', '192.0.2.1'],
  ['from (( (real [192.0.2.1]) by mx (Postfix) with SMTP', '192.0.2.1'],
  ['from a (b [192.0.2.1]) by mx for <"x by [203.0.113.9]"@d.example>', '192.0.2.1'],
  ...['"([203.0.113.9]) by', '<([203.0.113.9]) by y', '( [203.0.113.9] by y', 'x) by (', '"'].map(
    (helo): [string, string] => [
      `from ${helo} (b [192.0.2.1])\n\tby mx (Postfix)\n\tfor <"a ([203.0.113.9]) by b"@d.example>`,
      '192.0.2.1',
    ],
  ),
  // nor in a certificate, nor by an ident server
  [
    'from a (b [192.0.2.1])\n\t(Client CN "[203.0.113.9]", Issuer "x" (not verified))\n\tby mx',
    '192.0.2.1',
  ],
  ['from unknown (HELO [203.0.113.9]) (user@192.0.2.1)\n  by mx with SMTP', '192.0.2.1'],
  // none
  ['by mx.example (Postfix, from userid 1000)\n\tid 4', undefined],
  ['from localhost by mx.example', undefined],
  ['(qmail 4 invoked by uid 89)', undefined],
  ['from a (b [999.1.1.1]) by mx', undefined],
  ['', undefined],
])('%j: %s', (value, expected) => {
  const address = clientInReceived(value);
  expect(address && formatAddress(address)).toBe(expected);
});

test('one that is long takes no longer for each address in it', () => {
  const long = `from ${'([192.0.2.1]) '.repeat(50_000)}\n\tby mx`;
  const startMs = performance.now();
  clientInReceived(long);
  expect(performance.now() - startMs).toBeLessThan(500);
});
