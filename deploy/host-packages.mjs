/** The Debian packages that a machine needs to run guests; nothing else of Strata comes from Debian. */
export const hostPackages = [
  // The hypervisor and who drives it.
  'qemu-system-x86',
  'qemu-utils',
  'libvirt-daemon-system',
  'libvirt-clients',
  // Guests' networks: addresses, filters, and the iptables that libvirt's own networks ask for.
  'dnsmasq-base',
  'nftables',
  'iptables',
  // Guest images.
  'mmdebstrap',
  'busybox-static',
  'cpio',
  'lz4',
  'kmod',
  'e2fsprogs',
  // Images of several owners, for who builds them without being root.
  'uidmap',
];
