import { join } from 'node:path';

import { exampleConfig } from '../config/example.js';
import { onCalendar } from './on-calendar.js';
import { protectHome } from './passing-places.js';
import {
  LOAD_SCRIPT,
  LOG_FOLDER,
  OPENRC_FOLDER,
  type ServiceKind,
  UNIT_FOLDER,
  type WantedFile,
} from './places.js';
import type { InstallSettings } from './settings.js';
import { fillTemplate, readShipped } from './template.js';

const PROGRAM_MODE = 0o755;
const TEXT_MODE = 0o644;

/** The firewall, legacy iptables, and a file of another owner that is replaced. */
const FIREWALL = 'CAP_NET_ADMIN CAP_NET_RAW CAP_CHOWN';

/** Everything that is to be there for these kinds of service, in the order in which it is written. */
export function wantedFiles(
  kinds: readonly ServiceKind[],
  settings: InstallSettings,
): WantedFile[] {
  return [
    ...examples(settings),
    {
      path: LOAD_SCRIPT,
      text: readShipped('scripts/boot/load-firewall'),
      mode: PROGRAM_MODE,
      kind: 'part',
    },
    ...(kinds.includes('systemd') ? systemdFiles(settings) : []),
    ...(kinds.includes('openrc') ? openrcFiles(settings) : []),
    ...(kinds.includes('cron') ? [cronFile(kinds, settings)] : []),
    logrotateFile(settings),
  ];
}

function examples({ config, schedule }: InstallSettings): WantedFile[] {
  const lists = ['blocked.txt', 'trusted.txt'].map((name) => ({
    path: join(config, '../lists', name),
    text: readShipped(`lists/${name}`),
  }));
  return [{ path: config, text: exampleConfig(schedule) }, ...lists].map((file) => ({
    ...file,
    mode: TEXT_MODE,
    kind: 'example',
  }));
}

/** What every template may name. */
function commonValues(settings: InstallSettings): Record<string, string> {
  const { node, main, config, state, schedule } = settings;
  return {
    NODE: node,
    MAIN: main,
    CONFIG: config,
    STATE: state,
    LOAD: LOAD_SCRIPT,
    SCHEDULE: schedule,
    LOGS: `${LOG_FOLDER}/*.log`,
  };
}

function systemdFiles(settings: InstallSettings): WantedFile[] {
  const values = {
    ...commonValues(settings),
    ON_CALENDAR: onCalendar(settings.schedule)
      .map((event) => `OnCalendar=${event}`)
      .join('\n'),
  };
  const unit = (template: string, capabilities: string, systemCalls = ''): WantedFile => ({
    path: join(UNIT_FOLDER, template),
    text: fillTemplate(`scripts/services/${template}`, {
      ...values,
      HARDENING: hardening(settings, capabilities, systemCalls),
    }),
    mode: TEXT_MODE,
    kind: 'part',
  });
  const boot = (template: string, path: string): WantedFile => ({
    path: join(UNIT_FOLDER, path),
    text: fillTemplate(`scripts/boot/${template}`, values),
    mode: TEXT_MODE,
    kind: 'part',
  });
  return [
    unit('sekisho.service', `${FIREWALL} CAP_NET_BIND_SERVICE`),
    unit('sekisho-dnsbl.service', 'CAP_NET_BIND_SERVICE CAP_SETUID CAP_SETGID', ' @setuid'),
    unit('sekisho-update.service', FIREWALL),
    unit('sekisho-update.timer', ''),
    boot('sekisho-firewall.service', 'sekisho-firewall.service'),
    boot('nftables-sekisho.conf', 'nftables.service.d/sekisho.conf'),
  ];
}

/** The lines that keep a service to what it needs, as systemd.exec(5) has them. */
function hardening(settings: InstallSettings, capabilities: string, systemCalls: string): string {
  const { state, writable } = settings;
  const [, inVarLib] = /^\/var\/lib\/(.+)$/.exec(state) ?? [];
  const lines = [
    // made by systemd where they are missing
    ...(inVarLib === undefined ? [] : [`StateDirectory="${inVarLib}"`]),
    `LogsDirectory=sekisho`,
    '# as the configuration named them at the last `sekisho install`',
    ...[state, ...writable].map((folder) => `ReadWritePaths="-${folder}"`),
  ];
  return fillTemplate('scripts/services/hardening', {
    CAPABILITIES: capabilities,
    SYSTEM_CALLS: systemCalls,
    WRITABLE: lines.join('\n'),
    PROTECT_HOME: protectHome(settings),
  });
}

function openrcFiles(settings: InstallSettings): WantedFile[] {
  const service = (name: string, command: string, description: string): WantedFile => ({
    path: join(OPENRC_FOLDER, name),
    text: fillTemplate('scripts/services/sekisho.openrc', {
      ...commonValues(settings),
      COMMAND: command,
      DESCRIPTION: description,
      SETTINGS: `/etc/conf.d/${name}`,
    }),
    mode: PROGRAM_MODE,
    kind: 'part',
  });
  return [
    service('sekisho', 'run', 'lists, firewall and DNSBL'),
    service('sekisho-dnsbl', 'serve', 'the DNSBL alone'),
    {
      path: join(OPENRC_FOLDER, 'sekisho-firewall'),
      text: fillTemplate('scripts/boot/sekisho-firewall.openrc', commonValues(settings)),
      mode: PROGRAM_MODE,
      kind: 'part',
    },
  ];
}

/** Cron starts late: where a service manager can load the rules before the network, it does. */
function cronFile(kinds: readonly ServiceKind[], settings: InstallSettings): WantedFile {
  const atBoot = [
    '# the last applied rules again; until cron starts, which is after the network, all is open',
    `@reboot root /bin/sh "${LOAD_SCRIPT}" "${settings.state}/firewall/boot"`,
    '',
  ];
  return {
    path: '/etc/cron.d/sekisho',
    text: fillTemplate('scripts/services/sekisho.cron', {
      ...commonValues(settings),
      AT_BOOT: kinds.length === 1 ? atBoot.join('\n') : '',
    }),
    mode: TEXT_MODE,
    kind: 'part',
  };
}

function logrotateFile(settings: InstallSettings): WantedFile {
  const { queryLog } = settings;
  const logs = [`${LOG_FOLDER}/*.log`, ...(queryLog === undefined ? [] : [`"${queryLog}"`])];
  return {
    path: '/etc/logrotate.d/sekisho',
    text: fillTemplate('scripts/services/sekisho.logrotate', {
      ...commonValues(settings),
      LOGS: logs.join(' '),
    }),
    mode: TEXT_MODE,
    kind: 'part',
  };
}
