// The commands that people wait for, once, on a few lines of data.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const STATISTICS = `2|apnic|20260101|3|19830101|20260101|+1000
apnic|*|asn|*|1|summary
apnic|*|ipv4|*|1|summary
apnic|*|ipv6|*|1|summary
apnic|JP|asn|173|1|20020801|allocated
apnic|JP|ipv4|192.0.2.0|256|20110101|allocated
apnic|JP|ipv6|2001:db8::|32|20110101|allocated
`;
const CONFIGURATION = `state: state
lists:
  jp: { countries: [JP] }
  blocked: { file: blocked.txt }
exports: [{ lists: [jp], format: cidr, file: jp.txt }]
`;
const FIREWALL = `firewall:
  admins: [192.0.2.1]
  rules: [{ name: ssh, tcp: [22], deny: [jp] }]
`;

export async function warmUp(runProgram) {
  const folder = mkdtempSync(join(tmpdir(), 'sekisho-build-'));
  const at = (name) => join(folder, name);
  try {
    writeFileSync(at('delegated-apnic'), STATISTICS);
    writeFileSync(at('blocked.txt'), '198.51.100.1 # test\n');
    writeFileSync(at('firewall.yaml'), CONFIGURATION + FIREWALL);
    mkdirSync(at('out'));
    const from = ['--from', at('delegated-apnic')];
    const inFirewall = ['--config', at('firewall.yaml')];
    for (const words of [
      ['--version'],
      ['config', 'check', ...inFirewall],
      ['export', '--all', '--out', at('out'), ...from],
      ['why', '192.0.2.1', ...inFirewall, ...from],
    ]) {
      const code = await runProgram(words);
      if (code !== 0) throw new Error(`sekisho ${words.join(' ')} ended with ${code}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
