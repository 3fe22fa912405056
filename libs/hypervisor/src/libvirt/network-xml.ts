import { addressText, gatewayOf, netmaskOf, rangeOf } from '../cidr.js';
import type { NetworkSpec } from '../hypervisor.js';
import type { Home } from './home.js';
import type { Xml } from './xml.js';
import { xml } from './xml.js';

/**
 * The whole definition of a NAT network with DHCP and DNS by dnsmasq.
 *
 * Names of the network are answered inside and never asked outside (`localOnly`); all other names go to the resolvers of
 * the host, because a guest that cannot resolve the names of the world is of no use on a real machine. `no-ping` saves the three
 * seconds that dnsmasq would wait before each new lease. Only guests with a fixed lease are served: see `LeaseFolder`.
 */
export const networkXml = (home: Home, { networkId, cidr }: NetworkSpec): string => {
  const range = rangeOf(cidr);
  return String(xml`<network xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'>
  <name>${home.nameOf(networkId)}</name>
  <uuid>${home.uuidOf(networkId)}</uuid>
  <forward mode='nat'/>
  <bridge name='${home.bridgeOf(networkId)}' stp='off' delay='0'/>
  <domain name='strata.internal' localOnly='yes'/>
  <ip address='${gatewayOf(range)}' netmask='${netmaskOf(range)}'>
    <dhcp>
      <range start='${addressText(range.first + 2)}' end='${addressText(range.last - 1)}'/>
    </dhcp>
  </ip>
  <dnsmasq:options>
    <dnsmasq:option value='no-ping'/>
    <dnsmasq:option value='dhcp-hostsdir=${home.leasesOf(networkId)}'/>
    <dnsmasq:option value='dhcp-ignore=tag:!known'/>
  </dnsmasq:options>
</network>
`);
};

/** A guest's card on the bridge of a network; `networkName` is libvirt's. */
export const cardXml = (networkName: string, mac: string): Xml => xml`<interface type='network'>
  <source network='${networkName}'/>
  <mac address='${mac}'/>
  <model type='virtio'/>
  <rom enabled='no'/>
</interface>`;
