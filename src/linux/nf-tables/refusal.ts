import { KernelError, errnoName } from '../errno.js';
import type { Answer } from '../netlink/answer.js';
import type { Batch, BatchMessage } from './batch.js';
import { locateFault } from './fault.js';
import { setTitle } from './ranges.js';

const NO_RIGHT =
  'not permitted: changing and reading nf_tables needs CAP_NET_ADMIN in this network namespace; ' +
  'run as root';
const NO_NF_TABLES = 'this kernel has no nf_tables: load the module nf_tables';

/** About a batch as a whole, or any request. */
const MEANINGS: Readonly<Record<string, string>> = {
  EPERM: NO_RIGHT,
  EOPNOTSUPP: NO_NF_TABLES,
  ERESTART: 'somebody else changed the ruleset meanwhile; read it again, then decide again',
  ENOMEM: 'the kernel is out of memory',
  EINTR: 'it was interrupted',
  EBUSY: 'it is in use',
};

/**
 * The error for a batch that the kernel refused: which set, which range, why, what to do.
 *
 * @param refusals answers with an error, at least one; the first is told in full
 */
export function batchError(batch: Batch, refusals: readonly Answer[]): KernelError {
  const [first] = refusals;
  if (first === undefined) throw new RangeError('no refusal');
  const code = errnoName(first.errno);
  const message = batch.messages[first.sequence - batch.sequence];
  const what =
    message === undefined
      ? `nf_tables refused the change: ${MEANINGS[code] ?? code}`
      : `nf_tables refused ${describeRefusal(batch, message, first, code)}`;
  const words = first.text === undefined ? '' : ` (the kernel says: ${first.text})`;
  const more = refusals.length > 1 ? `; ${refusals.length - 1} more refused` : '';
  return new KernelError(code, `${what}${words}${more}; nothing was changed`);
}

/** The error for a request to read; `action` as in `cannot read set kr_v4 of table inet x`. */
export function requestError(action: string, answer: Answer): KernelError {
  const code = errnoName(answer.errno);
  const meaning = code === 'ENOENT' ? 'it does not exist' : (MEANINGS[code] ?? code);
  const words = answer.text === undefined ? '' : ` (the kernel says: ${answer.text})`;
  return new KernelError(code, `${action}: ${meaning}${words}`);
}

function describeRefusal(
  batch: Batch,
  message: BatchMessage,
  { offset = 0 }: Answer,
  code: string,
): string {
  const { change, step } = message;
  const title = setTitle(change);
  const { family = 'inet' } = change;
  const fault = locateFault(batch.bytes, message, offset);
  if (code === 'ENOENT' && fault.at !== 'range') {
    const missing =
      fault.at === 'table' ? `there is no table ${family} ${change.table}` : 'there is no such set';
    return `to change ${title}: ${missing}; make it first`;
  }
  const range = fault.at === 'range' ? fault.text : 'elements';
  const phrase = {
    flush: `to flush ${title}`,
    remove: `to remove ${range} from ${title}`,
    add: `to add ${range} to ${title}`,
  }[step];
  return `${phrase}: ${elementMeaning(code, step)}`;
}

function elementMeaning(code: string, step: BatchMessage['step']): string {
  if (code === 'ENOENT' || code === 'ENOTEMPTY') {
    return 'the set has no such range; it has to be named as it was added, not a part of it';
  }
  if (code === 'EEXIST') {
    return 'it overlaps a range that is there; remove that one in the same change, or flush the set';
  }
  if (code === 'EINVAL' && step !== 'flush') {
    return (
      'the kernel finds the elements unfit for the set; expected a set of ipv4_addr or ipv6_addr, ' +
      'as the addresses are, made with flags interval, and with timeout if the elements have one'
    );
  }
  if (code === 'ENFILE') return 'the set is full; make it with a greater size, or with none';
  if (code === 'EBUSY') return 'the set is constant, or an element in use';
  return MEANINGS[code] ?? code;
}
