import { isDeepStrictEqual } from 'node:util';

import type { ServiceSnapshot } from '../jobs/service-snapshot.js';
import type { ServiceConfig } from './configuration.js';
import type { MetricsPart } from './metrics-part.js';
import type { Part } from './part.js';

/** Metrics of a service as its configuration asks for them; the package is loaded for them only. */
export class ConfiguredMetrics implements Part {
  readonly name = 'metrics';
  readonly #snapshot: () => ServiceSnapshot;
  #config: ServiceConfig;
  #part: MetricsPart | undefined;

  constructor(config: ServiceConfig, snapshot: () => ServiceSnapshot) {
    this.#config = config;
    this.#snapshot = snapshot;
  }

  /** @throws SystemError where the port cannot be bound */
  async start(died: (error: unknown) => void): Promise<void> {
    const { metrics } = this.#config.loaded.config;
    if (metrics === undefined) return;
    const [{ MetricsPart: Part }, { metricsGatherer }] = await Promise.all([
      import('./metrics-part.js'),
      import('./gather-metrics.js'),
    ]);
    const gather = metricsGatherer(() => this.#config.loaded, this.#snapshot);
    this.#part = new Part(metrics.listen, gather);
    await this.#part.start(died);
  }

  async stop(): Promise<void> {
    await this.#part?.stop();
    this.#part = undefined;
  }

  reload(config: ServiceConfig): Promise<readonly string[]> {
    const before = this.#config.loaded.config.metrics;
    this.#config = config;
    const after = config.loaded.config.metrics;
    const isSame = after === undefined || isDeepStrictEqual(before, after);
    return Promise.resolve(isSame ? [] : ['metrics.listen: holds after a restart of the service']);
  }

  snapshot(): unknown {
    return this.#part?.snapshot();
  }
}
