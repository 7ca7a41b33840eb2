import { describe, expect, test } from 'vitest';

import { type NamedList, findFormat } from '../../src/formats/index.js';
import { UsageError } from '../../src/util/errors.js';
import { addressSet } from '../helpers/lists.js';
import { renderText } from '../helpers/render.js';

const addresses = addressSet('203.0.113.0/24');
const list: NamedList = { name: 'kr', addresses, countries: [{ cc: 'KR', addresses }] };

const withAction = (format: string, action: string) => () => renderText(format, [list], { action });

function expectRefusal(render: () => unknown, message: RegExp): void {
  expect(render).toThrow(UsageError);
  expect(render).toThrow(message);
}

const OURS = ['rbldnsd', 'bind', 'postfix-cidr', 'sendmail-access', 'tcprules'];

describe.each(OURS)('%s', (format) => {
  test('refuses an action that would end the line, or that says nothing', () => {
    for (const action of [':127.0.0.2:a\nb', 'deny\r', 'REJECT\u0000', '', '  ']) {
      expectRefusal(withAction(format, action), new RegExp(`^${format}: the action is .*expected`));
    }
  });

  test('has a default action, which it names', () => {
    expect(findFormat(format)?.action?.default).toBeTruthy();
    expect(renderText(format, [list])).toContain('203');
  });
});

describe.each(['rbldnsd', 'bind'])('%s', (format) => {
  test('refuses values that are not :A:TXT with A in 127.0.0.0/8', () => {
    for (const action of ['listed', ':3:listed', '127.0.0.2', ':10.0.0.1:x', ':127.0.0.256:x']) {
      expectRefusal(withAction(format, action), /expected :A:TXT/);
    }
  });

  test('refuses a text of more than 255 bytes', () => {
    expect(withAction(format, `:127.0.0.2:${'é'.repeat(127)}`)).not.toThrow();
    expectRefusal(withAction(format, `:127.0.0.2:${'é'.repeat(128)}`), /has 256 bytes/);
  });
});

test('bind refuses $, which only rbldnsd replaces', () => {
  expectRefusal(withAction('bind', ':127.0.0.2:$ is listed'), /without \$/);
  expect(renderText('bind', [list], { action: ':127.0.0.2:costs $$5' })).toContain('"costs $5"');
});

test('tcprules refuses instructions that tcprules(1) would stop at', () => {
  for (const action of ['reject', 'deny,', 'deny,X', 'allow,X="a', 'allow,X="a"b']) {
    expectRefusal(withAction('tcprules', action), /expected deny or allow/);
  }
  for (const action of ['deny', 'allow,A="b",C=/d"e/']) {
    expect(withAction('tcprules', action)).not.toThrow();
  }
});

test('tcprules refuses IPv6 only where it is wanted and there', () => {
  const both: NamedList = { name: 'kr', addresses: addressSet('203.0.113.0/24', '2001:db8::/32') };
  expectRefusal(() => renderText('tcprules', [both]), /--family 4/);
  expect(renderText('tcprules', [both], { families: [4] })).toBe('203.0.113.:deny\n');
  expect(renderText('tcprules', [list])).toBe('203.0.113.:deny\n');
});

test('mmdb refuses a list without countries', () => {
  expectRefusal(() => renderText('mmdb', [{ name: 'blocked', addresses }]), /list blocked/);
});

test.each([...OURS, 'csv', 'json'])('%s stops at the line limit', (format) => {
  const big: NamedList = { name: 'kr', addresses: addressSet('203.0.112.1', '203.0.115.1') };
  const render = (maxLines: number) => () => renderText(format, [big], { families: [4], maxLines });
  expectRefusal(render(1), /more than 1 lines .*--max-lines/);
  const lines = render(1000)().split('\n').length - 1;
  expect(render(lines)).not.toThrow();
  expectRefusal(render(lines - 1), /--max-lines/);
});
