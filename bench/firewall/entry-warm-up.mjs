// Once on a state where nothing was applied: all but the kernel's part.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export async function warmUp(runProgram) {
  const folder = mkdtempSync(join(tmpdir(), 'sekisho-build-'));
  try {
    writeFileSync(join(folder, 'blocked.txt'), '');
    const configuration = 'state: state\nlists: { blocked: { file: blocked.txt } }\nfirewall: {}\n';
    writeFileSync(join(folder, 'sekisho.yaml'), configuration);
    const code = await runProgram([join(folder, 'sekisho.yaml'), '198.51.100.1']);
    if (code !== 3) throw new Error(`the driver ended with ${code}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
