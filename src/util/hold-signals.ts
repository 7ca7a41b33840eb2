/*
 * Imported before anything else by src/main.ts (scripts/bundle/main.cjs has a line of its own): until there is a listener, Node opens its inspector
 * on 127.0.0.1:9229 when SIGUSR1 comes, for whoever of this host asks first. A server adds its own
 * listener later; for every other command the signal means nothing.
 */
process.on('SIGUSR1', () => undefined);
