import type { CommandModule } from './command-module.js';
import { defineDoctor } from './mta/doctor.js';

export const define: CommandModule['define'] = (command, run) => {
  defineDoctor(command, run);
};
