import { MultiBar, type Options, type Params, type SingleBar } from 'cli-progress';

import type { RegistryName } from '../config/registry-names.js';
import type { FetchProgress } from '../sources/fetch.js';

const WIDTH = 30;

interface Payload {
  readonly registry: string;
  /** Undefined where the server did not say. */
  readonly totalBytes: number | undefined;
  /** How it ended; empty until then. */
  readonly ending: string;
}

/** A bar for each registry on a terminal (standard error), gone when all are done. */
export class FetchBars implements FetchProgress {
  readonly #bars = new Map<RegistryName, SingleBar>();
  readonly #all: MultiBar;

  constructor(registries: readonly RegistryName[]) {
    const options: Options = {
      stream: process.stderr,
      clearOnComplete: true,
      format: barText,
      fps: 8,
      // its handler would swallow the first Ctrl-C; with wrapping left alone nothing is to restore
      gracefulExit: false,
      linewrap: true,
    };
    this.#all = new MultiBar(options);
    for (const registry of registries) {
      const payload: Payload = { registry, totalBytes: undefined, ending: '' };
      this.#bars.set(registry, this.#all.create(1, 0, payload));
    }
  }

  bytes(registry: RegistryName, received: number, total: number | undefined): void {
    const bar = this.#bars.get(registry);
    bar?.setTotal(total ?? Math.max(received, 1));
    bar?.update(received, { totalBytes: total });
  }

  done({ registry, outcome }: Parameters<FetchProgress['done']>[0]): void {
    this.#bars.get(registry)?.update({ ending: outcome });
  }

  stop(): void {
    this.#all.stop();
  }
}

function barText(_: Options, { value, progress }: Params, payload: Payload): string {
  const name = payload.registry.padEnd(8);
  if (payload.ending !== '') return `${name} ${payload.ending}`;
  const size = `${(value / 2 ** 20).toFixed(1)} MiB`;
  if (payload.totalBytes === undefined) return `${name} ${size}`;
  const filled = Math.round(Math.min(progress, 1) * WIDTH);
  return `${name} ${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${size}`;
}
