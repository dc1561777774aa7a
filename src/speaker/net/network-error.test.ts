import { expect, test } from '@jest/globals';
import { networkError } from './network-error.ts';

test.each<[number, string, boolean, string]>([
  [
    -1,
    'EPERM',
    true,
    "answering ARP on eth0 needs the capability NET_RAW: add it to the container's securityContext (capabilities.add), or run as root",
  ],
  [-19, 'ENODEV', true, 'answering ARP on eth0: the interface does not exist any more'],
  [-97, 'EAFNOSUPPORT', false, 'answering ARP on eth0 needs a kernel with packet sockets (CONFIG_PACKET)'],
  [-12, 'ENOMEM', true, 'answering ARP on eth0: the kernel gives no memory for it; a larger net.core.optmem_max may help'],
  [-5, 'EIO', true, 'answering ARP on eth0: i/o error'],
  [-4_000, 'E4000', true, 'answering ARP on eth0: error 4000 of the kernel'],
])('errno %d is %s', (errno, code, retryable, message) => {
  expect(networkError('answering ARP on eth0', errno)).toMatchObject({ code, retryable, message });
});
