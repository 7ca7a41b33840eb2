/** Debian 12's nftables.service, with commands of one's own. */
export function nftablesService({ start, reload, stop }: Record<Command, string>): string {
  return `[Unit]
Description=nftables
Wants=network-pre.target
Before=network-pre.target shutdown.target
Conflicts=shutdown.target
DefaultDependencies=no

[Service]
Type=oneshot
RemainAfterExit=yes
StandardInput=null
ProtectSystem=full
ProtectHome=true
ExecStart=${start}
ExecReload=${reload}
ExecStop=${stop}

[Install]
WantedBy=sysinit.target
`;
}

type Command = 'start' | 'reload' | 'stop';
