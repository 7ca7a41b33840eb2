import { DnsetReader } from './dnset.js';
import { GenericReader } from './generic.js';
import { Ip4SetReader } from './ip4set.js';
import { Ip4TsetReader } from './ip4tset.js';
import { Ip6TsetReader } from './ip6tset.js';
import type { ReadContext, Scope, SetReader } from './set-reader.js';
import { Ip4TrieReader, Ip6TrieReader } from './tries.js';

/** The types that hold entries themselves, and may stand in a combined dataset. */
export type SetType =
  'ip4set' | 'ip4tset' | 'ip4trie' | 'ip6tset' | 'ip6trie' | 'dnset' | 'generic';

export const SET_READERS: Readonly<
  Record<SetType, (context: ReadContext, scope: Scope) => SetReader>
> = {
  ip4set: (context, scope) => new Ip4SetReader(context, scope),
  ip4tset: (context, scope) => new Ip4TsetReader(context, scope),
  ip4trie: (context, scope) => new Ip4TrieReader(context, scope),
  ip6tset: (context, scope) => new Ip6TsetReader(context, scope),
  ip6trie: (context, scope) => new Ip6TrieReader(context, scope),
  dnset: (context, scope) => new DnsetReader(context, scope),
  generic: (context, scope) => new GenericReader(context, scope),
};

export function isSetType(word: string): word is SetType {
  return Object.hasOwn(SET_READERS, word);
}
