import type { ServiceKind } from './places.js';
import type { InstallSettings } from './settings.js';

/** What is left to a person, since nothing is started or enabled unasked: commands to copy. */
export function nextSteps(kinds: readonly ServiceKind[], { config }: InstallSettings): string[] {
  return [
    'Nothing was started. What comes next:',
    `  sekisho config check --config ${config}    # after you have edited it`,
    '  sekisho update                # the first download, and the first apply',
    ...(kinds.includes('systemd') ? SYSTEMD_STEPS : []),
    ...(kinds.includes('openrc') ? OPENRC_STEPS : []),
    ...(kinds.includes('cron') ? ['  (cron: /etc/cron.d/sekisho is in force)'] : []),
  ];
}

const SYSTEMD_STEPS = [
  '  systemctl enable sekisho-firewall.service       # the rules at boot',
  '  systemctl enable --now sekisho.service          # the daemon; or, without it,',
  '  systemctl enable --now sekisho-update.timer     # updates, and',
  '  systemctl enable --now sekisho-dnsbl.service    # the DNSBL',
];

const OPENRC_STEPS = [
  '  rc-update add sekisho-firewall boot             # the rules at boot',
  '  rc-update add sekisho default && rc-service sekisho start',
];
