import { describe, expect, test } from 'vitest';

import { SystemError } from '../../src/util/errors.js';
import { changeElements } from '../../src/linux/change-elements.js';
import { KernelError } from '../../src/linux/errno.js';
import type { MessageWriter } from '../../src/linux/netlink/message.js';
import * as nft from '../../src/linux/nf-tables/constants.js';
import { readElements } from '../../src/linux/read-elements.js';
import { FakeKernel, type Reply, answerTo, message, sequencesOf } from './fake-kernel.js';
import { columnsOf } from './range-columns.js';

const SET = { table: 'sekisho', set: 'kr_v4', words: 1 } as const;
const ADD = [{ ...SET, add: columnsOf([[1n, 2n]], 1) }];

/** Sequence numbers: 1 is the header, then one message a change. */
const CHANGES = [ADD[0], { ...SET, set: 'cn_v4', flush: true }].flatMap((change) => change ?? []);

function thrownBy(act: () => unknown): KernelError {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(KernelError);
    return error as KernelError;
  }
  throw new Error('nothing was thrown');
}

describe('changeElements', () => {
  test('opens no socket where there is nothing to change', () => {
    const calls = new FakeKernel();
    changeElements([], { calls });
    changeElements([{ ...SET, add: columnsOf([], 1), remove: columnsOf([], 1) }], { calls });
    expect(calls).toMatchObject({ opened: 0, sent: [] });
  });

  test('is done when the last message is acknowledged, whatever signals come', () => {
    const calls = new FakeKernel({
      answer: () => [answerTo(3, 0)],
      interrupted: ['send', 'receive', 'waitForInput'],
    });
    changeElements(CHANGES, { calls });
    expect(calls.sent.map(sequencesOf)).toEqual([[1, 2, 3, 4]]);
    expect(calls).toMatchObject({ opened: 1, closed: 1 });
  });

  test('reads answers that come in several pieces, and tells the first error', () => {
    const calls = new FakeKernel({
      answer: () => [answerTo(2, 'ENFILE'), answerTo(3, 'ENOENT')],
    });
    const error = thrownBy(() => changeElements(CHANGES, { calls }));
    expect(error.code).toBe('ENFILE');
    expect(error).toBeInstanceOf(SystemError);
    expect(error.message).toBe(
      'nf_tables refused to add elements to set kr_v4 of table inet sekisho: the set is full; ' +
        'make it with a greater size, or with none; 1 more refused; nothing was changed',
    );
    expect(calls.closed).toBe(1);
  });

  test('takes an acknowledgement beside an error for what it is', () => {
    const calls = new FakeKernel({ answer: () => [answerTo(2, 'EEXIST'), answerTo(3, 0)] });
    expect(thrownBy(() => changeElements(CHANGES, { calls })).code).toBe('EEXIST');
  });

  test.each<[string, Reply[], string]>([
    ['no answer', [], 'EAGAIN'],
    ['answers that the kernel dropped', ['ENOBUFS', answerTo(3, 0)], 'ENOBUFS'],
    ['only an answer to another message', [answerTo(2, 0)], 'EAGAIN'],
  ])('does not take %s for success', (_, replies, code) => {
    const calls = new FakeKernel({ answer: () => replies });
    const begin = performance.now();
    const error = thrownBy(() => changeElements(CHANGES, { calls, timeoutMs: 50 }));
    expect(performance.now() - begin).toBeLessThan(1000);
    expect(error.code).toBe(code);
    expect(error.message).toContain('was lost; read the sets');
    expect(calls).toMatchObject({ opened: 1, closed: 1 });
  });

  test('tells an error that came through although others were dropped', () => {
    const calls = new FakeKernel({ answer: () => ['ENOBUFS', answerTo(3, 'EBUSY')] });
    expect(thrownBy(() => changeElements(CHANGES, { calls })).code).toBe('EBUSY');
  });
});

describe('a change larger than the send buffer', () => {
  const ranges = Array.from({ length: 9000 }, (_, i) => [BigInt(2 * i), BigInt(2 * i)] as const);
  const large = [{ ...SET, add: columnsOf(ranges, 1) }];
  const answer = (sent: Uint8Array): Reply[] => [answerTo(sequencesOf(sent).at(-2) ?? 0, 0)];

  test('makes it larger, by force where that is allowed', () => {
    const calls = new FakeKernel({
      answer,
      sendBuffer: { first: 212_992, most: 212_992 },
    });
    changeElements(large, { calls });
    expect(calls.sent[0]?.length).toBeGreaterThan(360_000);
  });

  test('makes it larger up to the limit of the system', () => {
    const sendBuffer = { first: 212_992, most: 8 << 20 };
    const calls = new FakeKernel({ answer, mayForce: false, sendBuffer });
    changeElements(large, { calls });
    expect(calls.sent).toHaveLength(1);
  });

  test('is refused, and nothing sent, where it may not be so large', () => {
    const sendBuffer = { first: 212_992, most: 212_992 };
    const calls = new FakeKernel({ mayForce: false, sendBuffer });
    const error = thrownBy(() => changeElements(large, { calls }));
    expect(error.code).toBe('EMSGSIZE');
    expect(error.message).toMatch(
      /^message too long: the change takes 36\d{4} bytes at once, and this process may send 212960; nothing was changed; raise the sysctl net\.core\.wmem_max to 36\d{4} /,
    );
    expect(calls).toMatchObject({ sent: [], closed: 1 });
  });
});

describe('readElements', () => {
  const NLM_F_MULTI = 2;
  const kind = (moment: number, flags = nft.NFT_SET_INTERVAL): Reply[] => [
    message(nft.NFT_MSG_NEWSET, 0, moment, (writer) => {
      writer.u32(nft.NFTA_SET_FLAGS, flags);
      writer.u32(nft.NFTA_SET_KEY_LEN, 4);
    }),
    answerTo(1, 0),
  ];
  const elements = (moment: number, addresses: readonly number[], flags = 0): Uint8Array =>
    message(nft.NFT_MSG_NEWSETELEM, NLM_F_MULTI | flags, moment, (writer) => {
      const list = writer.open(nft.NFTA_SET_ELEM_LIST_ELEMENTS);
      for (const address of addresses) writeElement(writer, address);
      writer.close(list);
    });
  const done = message(3, NLM_F_MULTI, 0);
  /** Even addresses begin a range, odd ones end it. */
  const writeElement = (writer: MessageWriter, address: number): void => {
    const element = writer.open(nft.NFTA_LIST_ELEM);
    if (address % 2 === 1) writer.u32(nft.NFTA_SET_ELEM_FLAGS, nft.NFT_SET_ELEM_INTERVAL_END);
    const key = writer.open(nft.NFTA_SET_ELEM_KEY);
    writer.u32(nft.NFTA_DATA_VALUE, address);
    writer.close(key);
    writer.close(element);
  };
  const firstsOf = (calls: FakeKernel): number[] => [...readElements(SET, { calls }).firsts];

  test('joins the parts of a dump, in whatever order they come', () => {
    const calls = new FakeKernel({
      answer: (_, i) =>
        i === 0 ? kind(7) : [elements(7, [20, 9, 21]), elements(7, [40, 8, 1]), done],
    });
    const found = readElements(SET, { calls });
    expect([...found.firsts]).toEqual([8, 20, 40]);
    expect([...found.lasts]).toEqual([8, 20, 0xffffffff]);
  });

  test('ends a range without an end where the next begins, as the kernel matches', () => {
    const calls = new FakeKernel({
      answer: (_, i) => (i === 0 ? kind(7) : [elements(7, [40, 20, 10]), done]),
    });
    const found = readElements(SET, { calls });
    expect([...found.lasts]).toEqual([19, 39, 0xffffffff]);
  });

  test.each<[string, Reply[]]>([
    ['the kernel says that it was interrupted', [elements(7, [8, 9], 0x10), done]],
    ['a part is of another generation', [elements(7, [8, 9]), elements(8, [2, 3]), done]],
    ['the receive buffer ran over', [elements(7, [8, 9]), 'ENOBUFS']],
  ])('begins anew on another socket where %s', (_, first) => {
    const calls = new FakeKernel({
      answer: (_sent, i) => (i % 2 === 0 ? kind(7) : i === 1 ? first : [elements(7, [2, 3]), done]),
    });
    expect(firstsOf(calls)).toEqual([2]);
    expect(calls).toMatchObject({ opened: 2, closed: 2 });
  });

  test('gives up on a ruleset that never keeps still', () => {
    const calls = new FakeKernel({
      answer: (_, i) => (i % 2 === 0 ? kind(7) : [elements(7, [8, 9], 0x10), done]),
    });
    const error = thrownBy(() => firstsOf(calls));
    expect(error.code).toBe('EINTR');
    expect(error.message).toBe(
      'cannot read set kr_v4 of table inet sekisho: in each of 10 tries the ruleset changed ' +
        'while it was read',
    );
    expect(calls).toMatchObject({ opened: 10, closed: 10 });
  });

  test('refuses a dump whose lengths lead out of it', () => {
    const broken = elements(7, [8, 9]).slice();
    new Uint16Array(broken.buffer)[12] = 900; // the first element
    const calls = new FakeKernel({ answer: (_, i) => (i === 0 ? kind(7) : [broken, done]) });
    expect(() => firstsOf(calls)).toThrow('netlink attribute of 900 bytes at 24');
    expect(calls.closed).toBe(1);
  });
});
