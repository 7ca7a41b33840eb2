import type { CommandModule } from './command-module.js';
import { defineDoctor } from './mta/doctor.js';
import { definePrint } from './mta/print.js';

export const define: CommandModule['define'] = (command, run) => {
  definePrint(command, run);
  defineDoctor(command, run);
};
