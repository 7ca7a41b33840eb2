import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  linkFileAtomically,
  makeFolder,
  syncFolder,
  writeFileAtomically,
} from '../util/atomic-file.js';
import { SystemError, messageOf } from '../util/errors.js';
import { systemErrorOf } from '../util/system-error.js';
import type { BackendName } from './backend.js';
import {
  HAND_MADE_FILE,
  type HandMadeLists,
  type KeptPolicy,
  POLICY_FILE,
  handMadeText,
  readHandMadeText,
  readPolicyText,
} from './kept-policy.js';

/** What was loaded by one apply, kept so that it can be loaded again. */
export interface Generation {
  readonly number: number;
  readonly backend: BackendName;
  /** ISO 8601, UTC. */
  readonly appliedAt: string;
  /** By what a change of one list knows that nothing else has changed; where the backend can tell. */
  readonly seal?: Seal;
}

export interface Seal {
  /** Hash of what the configuration says about lists and the firewall. */
  readonly configuration: string;
  /** Hash of the rules as the kernel holds them. */
  readonly rules: string;
}

/** What the firewall remembers between runs. */
export interface FirewallMemory {
  /** The last apply; undefined: the kernel holds nothing of ours. */
  readonly current?: Generation;
  /** What a roll-back goes back to; `nothing`: no rules of ours. */
  readonly previous?: Generation | 'nothing';
  /** A roll-back that comes unless somebody confirms. */
  readonly pending?: { readonly deadlineMs: number };
  /** Set while an apply is at work: one that was cut off left the kernel as `previous` or new. */
  readonly unfinished?: true;
  /** Set by a roll-back: unattended runs do not apply until a person does. */
  readonly heldSince?: string;
  /** Set where a change by hand could not be made while a confirmation is waited for. */
  readonly owed?: true;
}

const MEMORY_FILE = 'memory.json';
/** There while one list is changed alone: the same as `unfinished`. */
const BEHIND_FILE = 'behind';

/** The files of the firewall below a state folder. Writers hold the lock of the state. */
export class FirewallFolder {
  readonly path: string;

  constructor(state: string) {
    this.path = join(state, 'firewall');
  }

  /** @throws SystemError where the file is there and cannot be read or is damaged */
  read(): FirewallMemory {
    const file = join(this.path, MEMORY_FILE);
    if (!existsSync(file)) return {};
    try {
      const memory = JSON.parse(readFileSync(file, 'utf8')) as FirewallMemory | null;
      if (typeof memory === 'object' && memory !== null) {
        return this.#isBehind() ? { ...memory, unfinished: true } : memory;
      }
      throw new Error('no JSON object');
    } catch (error) {
      throw new SystemError(
        `${file} cannot be read: ${messageOf(error)}; run \`sekisho flush\`, then \`sekisho apply\``,
      );
    }
  }

  write(memory: FirewallMemory): void {
    makeFolder(this.path);
    const text = `${JSON.stringify(memory, undefined, 2)}\n`;
    writeFileAtomically(join(this.path, MEMORY_FILE), [text], { fsync: true });
    if (memory.unfinished === undefined) this.clearBehind();
  }

  /**
   * Marks that the files do not tell what the kernel holds, until `clearBehind` or the next
   * `write`. Not brought to
   * the disk, which would take longer than the change: where the host loses power, the kernel
   * forgets the change as well.
   */
  markBehind(): void {
    try {
      writeFileSync(join(this.path, BEHIND_FILE), '');
    } catch (error) {
      throw systemErrorOf(error, 'cannot write', join(this.path, BEHIND_FILE));
    }
  }

  /** The files tell again what the kernel holds. */
  clearBehind(): void {
    rmSync(join(this.path, BEHIND_FILE), { force: true });
  }

  #isBehind(): boolean {
    return existsSync(join(this.path, BEHIND_FILE));
  }

  /** Whether anything was written down; not so where the state folder is new, or was lost. */
  get exists(): boolean {
    return existsSync(join(this.path, MEMORY_FILE));
  }

  /** The files of a generation by name. */
  readGeneration(generation: Generation): Map<string, string> {
    const from = this.generationFolder(generation);
    return new Map(readdirSync(from).map((name) => [name, readFileSync(join(from, name), 'utf8')]));
  }

  /** Where the files of a generation are. */
  generationFolder(generation: Generation): string {
    return join(this.path, `generation-${generation.number}`);
  }

  /** Where the boot unit finds the files of the current generation. */
  get bootFolder(): string {
    return join(this.path, 'boot');
  }

  /**
   * Keeps from what a generation was made. Not brought to the disk: without it a roll-back goes
   * back to exactly what was applied.
   *
   * @throws SystemError
   */
  writePolicy(generation: Generation, text: string): void {
    writeFileAtomically(join(this.generationFolder(generation), POLICY_FILE), [text]);
  }

  /** Keeps what the hand-made lists of a generation hold. @throws SystemError */
  writeHandMade(generation: Generation, lists: HandMadeLists): void {
    const path = join(this.generationFolder(generation), HAND_MADE_FILE);
    writeFileAtomically(path, [handMadeText(lists)]);
  }

  /** Undefined where none was kept, or the host lost it with its power. */
  readPolicy(generation: Generation): KeptPolicy | undefined {
    return readKept(join(this.generationFolder(generation), POLICY_FILE), readPolicyText);
  }

  /** Undefined as with `readPolicy`. */
  readHandMade(generation: Generation): HandMadeLists | undefined {
    return readKept(join(this.generationFolder(generation), HAND_MADE_FILE), readHandMadeText);
  }

  /** Writes one file of the current generation anew, for the next boot as well. */
  rewrite(generation: Generation, name: string, content: string | Uint8Array): void {
    this.rewriteFile(generation, name, content);
    this.bootFrom(generation);
  }

  /** The same for one that the next boot does not load, or not yet. */
  rewriteFile(generation: Generation, name: string, content: string | Uint8Array): void {
    writeFileAtomically(join(this.generationFolder(generation), name), [content], { fsync: true });
  }

  /** Writes the files of a generation, before `write` names it. */
  writeGeneration(generation: Generation, files: ReadonlyMap<string, string>): void {
    writeFolder(this.generationFolder(generation), files);
  }

  /** Makes a generation what the next boot loads. */
  bootFrom(generation: Generation): void {
    const from = this.generationFolder(generation);
    const names = readdirSync(from).filter((name) => !KEPT_FILES.includes(name));
    makeFolder(this.bootFolder);
    for (const name of names) linkFileAtomically(join(from, name), join(this.bootFolder, name));
    keepOnly(this.bootFolder, new Set(names));
    syncFolder(this.bootFolder);
  }

  clearBoot(): void {
    rmSync(this.bootFolder, { recursive: true, force: true });
  }

  /** Removes the files of generations that the memory does not name. */
  removeForgotten({ current, previous }: FirewallMemory): void {
    const kept = [current, previous].flatMap((generation) =>
      generation === undefined || generation === 'nothing'
        ? []
        : [`generation-${generation.number}`],
    );
    for (const name of existsSync(this.path) ? readdirSync(this.path) : []) {
      if (!/^generation-\d+$/.test(name) || kept.includes(name)) continue;
      rmSync(join(this.path, name), { recursive: true, force: true });
    }
  }
}

const KEPT_FILES: readonly string[] = [POLICY_FILE, HAND_MADE_FILE];

function readKept<T>(path: string, read: (text: string) => T): T | undefined {
  try {
    return read(readFileSync(path, 'utf8'));
  } catch {
    return undefined; // whoever needs it says so
  }
}

/** Leaves these files and no others: those of another backend would be loaded as well. */
function writeFolder(folder: string, files: ReadonlyMap<string, string>): void {
  makeFolder(folder);
  for (const [name, text] of files) {
    writeFileAtomically(join(folder, name), [text], { fsync: true });
  }
  keepOnly(folder, new Set(files.keys()));
}

function keepOnly(folder: string, names: ReadonlySet<string>): void {
  for (const name of readdirSync(folder)) {
    if (!names.has(name)) rmSync(join(folder, name), { recursive: true, force: true });
  }
}
