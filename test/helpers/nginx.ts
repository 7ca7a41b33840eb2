/** Settings of an nginx in the foreground that writes into its folder alone. */
export function nginxSettings(http: string): string {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `daemon off;
master_process off;
pid nginx.pid;
error_log stderr;
events { }
http {
${paths.map((name) => `  ${name}_temp_path ${name};`).join('\n')}
${http}
}
`;
}

/** Arguments for `nginx.conf` in a folder. */
export function nginxWords(folder: string): string[] {
  return ['-e', 'stderr', '-p', folder, '-c', 'nginx.conf'];
}
