import { expect, test } from 'vitest';

import { SystemError, faultOf, stackOf } from '../../src/util/errors.js';

test('a known error is told in its own words, a defect with its stack', () => {
  expect(faultOf(new SystemError('the disk is full'))).toBe('the disk is full');
  const defect = new TypeError('not a function');
  expect(faultOf(defect)).toBe(defect.stack);
  expect(faultOf('thrown as a text')).toBe('thrown as a text');
});

test('an error that lost its stack is told by its message', () => {
  const defect = new Error('no trace');
  delete defect.stack;
  expect(stackOf(defect)).toBe('no trace');
});
