/** What an instance is told once, when it first boots. `script` is any executable text that starts with `#!`. */
export type FirstBoot = Readonly<{ hostname: string; sshKeys: readonly string[]; script?: string }>;

/** The name of the fw_cfg entry in which our images look for the text. */
export const firstBootEntry = 'opt/strata/firstboot';

const hostnameOf = (hostname: string): string => {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(hostname)) return hostname;
  throw new Error(`"${hostname}" is no host name: use 1 to 63 letters, digits and hyphens`);
};

const sshKeyOf = (key: string): string => {
  const line = key.trim();
  if (line !== '' && !/[\n\r\0]/.test(line)) return line;
  throw new Error('an SSH key must be one line of text');
};

/**
 * The text for the fw_cfg entry: one `name=value` a line, the script in base64.
 * It says nothing about the network: addresses come by DHCP.
 * @throws when the host name or a key could be read as another line
 */
export function firstBootText({ hostname, sshKeys, script }: FirstBoot): string {
  if (script !== undefined && !script.startsWith('#!')) {
    throw new Error('a first boot script must start with #! and its interpreter, for example #!/bin/sh');
  }
  const lines = [`hostname=${hostnameOf(hostname)}`, ...sshKeys.map((key) => `sshkey=${sshKeyOf(key)}`)];
  if (script !== undefined) lines.push(`script=${Buffer.from(script).toString('base64')}`);
  return `${lines.join('\n')}\n`;
}
