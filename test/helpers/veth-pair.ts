import { Namespace } from './namespace.js';

let count = 0;

/**
 * A server and a client on a wire of their own: 192.0.2.1 and 2001:db8::1 here, and there
 * whatever addresses the client is to have. The server answers everybody over the wire.
 */
export async function joinedNamespaces(
  clientAddresses: readonly string[],
): Promise<{ server: Namespace; client: Namespace }> {
  const server = await Namespace.create();
  const client = await Namespace.create();
  count += 1;
  const near = `near${count}`;
  const far = `far${count}`;
  const peer = ['type', 'veth', 'peer', 'name', far, 'netns', client.name];
  await ip(server, 'link', 'add', near, ...peer);
  await ip(server, 'address', 'add', '192.0.2.1/24', 'dev', near);
  await ip(server, 'address', 'add', '2001:db8::1/64', 'dev', near, 'nodad');
  await ip(client, 'address', 'add', '192.0.2.2/24', 'dev', far);
  await ip(client, 'address', 'add', '2001:db8::2/64', 'dev', far, 'nodad');
  for (const address of clientAddresses) {
    const options = address.includes(':') ? ['nodad'] : [];
    await ip(client, 'address', 'add', address, 'dev', far, ...options);
  }
  await ip(server, 'link', 'set', near, 'up');
  await ip(client, 'link', 'set', far, 'up');
  await ip(server, 'route', 'add', 'default', 'dev', near);
  await ip(server, '-6', 'route', 'add', 'default', 'dev', near);
  return { server, client };
}

async function ip(network: Namespace, ...args: string[]): Promise<void> {
  const { code, stderr } = await network.run('ip', args);
  if (code !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`);
}
