import { KernelError, errnoName } from '../errno.js';
import { type UdpCalls, udpCalls } from './calls.js';
import { AF_INET, AF_INET6, encodeSocketAddress, isWildcard } from './socket-address.js';

const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_REUSEPORT = 15;
const SO_RCVTIMEO = 20;
const SO_SNDTIMEO = 21;
const SO_RCVBUFFORCE = 33;
const IPPROTO_IP = 0;
const IP_PKTINFO = 8;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const IPV6_RECVPKTINFO = 49;

/** A burst of some ten thousand queries may wait; the kernel doubles the number. */
const RECEIVE_BUFFER_BYTES = 4 << 20;

export interface UdpSocketOptions {
  /** Several sockets of this process have the same address; the kernel deals out among them. */
  readonly sharesPort: boolean;
  /** After this a call that waits for a datagram, or for room for one, returns. */
  readonly timeoutMs: number;
  readonly calls?: UdpCalls;
}

/**
 * Opens a UDP socket on an address and port, blocking with a time limit, closed on exec. A socket
 * on `0.0.0.0` or `::` tells of each datagram which address it was sent to, so that the reply can
 * leave from there (IP_PKTINFO of ip(7), IPV6_RECVPKTINFO of ipv6(7)). IPv6 sockets take no IPv4.
 *
 * @returns the descriptor
 * @throws KernelError with the kernel's code (EADDRINUSE, EACCES, EADDRNOTAVAIL, …)
 */
export function openUdpSocket(address: string, port: number, options: UdpSocketOptions): number {
  const { calls = udpCalls() } = options;
  const bytes = encodeSocketAddress(address, port);
  if (bytes === undefined) throw new KernelError('EADDRNOTAVAIL', `${address} is not there`);
  const family = address.includes(':') ? AF_INET6 : AF_INET;
  const fd = expected('socket', calls.socket(family));
  try {
    prepare(calls, fd, family, isWildcard(address), options);
    expected('bind', calls.bind(fd, bytes));
    return fd;
  } catch (error) {
    calls.close(fd);
    throw error;
  }
}

function prepare(
  calls: UdpCalls,
  fd: number,
  family: number,
  wildcard: boolean,
  { sharesPort, timeoutMs }: UdpSocketOptions,
): void {
  const set = (level: number, option: number, value: Uint8Array): void => {
    expected('setsockopt', calls.setOption(fd, level, option, value));
  };
  const time = timeValue(timeoutMs);
  set(SOL_SOCKET, SO_RCVTIMEO, time);
  set(SOL_SOCKET, SO_SNDTIMEO, time);
  if (sharesPort) set(SOL_SOCKET, SO_REUSEPORT, int(1));
  if (family === AF_INET6) set(IPPROTO_IPV6, IPV6_V6ONLY, int(1));
  if (wildcard && family === AF_INET6) set(IPPROTO_IPV6, IPV6_RECVPKTINFO, int(1));
  if (wildcard && family === AF_INET) set(IPPROTO_IP, IP_PKTINFO, int(1));
  const size = int(RECEIVE_BUFFER_BYTES);
  // without the right to pass the system's limit, as much as that allows
  if (calls.setOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, size) < 0) {
    set(SOL_SOCKET, SO_RCVBUF, size);
  }
}

function expected(call: string, result: number): number {
  if (result >= 0) return result;
  const code = errnoName(-result);
  throw new KernelError(code, `${call}: ${code}`);
}

function int(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}

/** struct timeval: seconds and microseconds, 64 bits each. */
function timeValue(ms: number): Uint8Array {
  const parts = [Math.floor(ms / 1000), (ms % 1000) * 1000].map(BigInt);
  return new Uint8Array(BigInt64Array.from(parts).buffer);
}
