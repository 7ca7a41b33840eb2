import { readFileSync, writeSync } from 'node:fs';

/*
 * Loaded with `node --import`: writes the peak of resident memory in KiB to file descriptor 3
 * when the program ends. VmHWM of proc(5), not getrusage(2), whose ru_maxrss is inherited from
 * the process that forked.
 */
process.on('exit', () => {
  const status = readFileSync('/proc/self/status', 'utf8');
  writeSync(3, /^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1] ?? '');
});
