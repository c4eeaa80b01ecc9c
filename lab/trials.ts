/** How each shipped action is tried in the lab: arguments, and the state they are meant for. */
import type { JsonObject } from '#base/json';
import type { Trial } from '#rehearsal';
import type { Host } from './hosts.ts';

type Row = {
  readonly name?: string;
  readonly arguments: JsonObject;
  /** A script; what every trial begins with has run before it. */
  readonly prepare?: string;
} & Pick<Trial, 'comesBack' | 'isBrief'>;

// The state that every trial begins from, from whatever an earlier one left.
const USUAL = `
rm -rf /etc/lab.conf /etc/lab.conf.* /etc/cron.d/lab /var/tmp/*
systemctl stop --quiet systemd-resolved.service nginx.service
systemctl reset-failed
systemctl enable --quiet lab-web.service
systemctl start lab-web.service
`;
const WEB = 'lab-web.service';
const ACCOUNT = `
id -u lab >/dev/null 2>&1 || useradd --create-home lab
usermod --expiredate '' lab
echo 'lab:only for the lab' | chpasswd
`;
const PARAMETER = 'net.ipv4.conf.all.log_martians';
const PARAMETER_FILE = '/proc/sys/net/ipv4/conf/all/log_martians';
const NGINX = 'events {}\nhttp { server { listen 127.0.0.1:8081; } }\n';

const ROWS: Readonly<Record<string, readonly Row[]>> = {
  'journal.errors': [{ arguments: {} }],
  'disk.usage': [{ arguments: {} }],
  'process.list': [{ arguments: { by: 'cpu' } }, { name: 'memory', arguments: { by: 'memory' } }],
  'network.listeners': [{ arguments: {} }],

  'service.reload': [{ arguments: { unit: 'nginx.service' }, prepare: 'systemctl start nginx' }],
  'service.start': [{ arguments: { unit: WEB }, prepare: `systemctl stop ${WEB}` }],
  'service.restart': [{ arguments: { unit: WEB } }],
  'service.stop': [{ arguments: { unit: WEB } }],
  'service.enable': [{ arguments: { unit: WEB }, prepare: `systemctl disable --quiet ${WEB}` }],
  'service.disable': [{ arguments: { unit: WEB } }],
  'process.signal': [{ arguments: { unit: WEB, signal: 'SIGKILL' } }],

  'file.write': [
    {
      name: 'a new file',
      isBrief: true,
      arguments: { path: '/etc/lab.conf', content: 'new\n', validate: 'none' },
    },
    {
      name: 'over a file',
      arguments: { path: '/etc/lab.conf', content: 'new\n', validate: 'none' },
      prepare: 'install -m 0640 -g www-data /dev/null /etc/lab.conf; echo old > /etc/lab.conf',
    },
    {
      name: 'validated',
      isBrief: true,
      arguments: { path: '/etc/lab.conf', content: NGINX, validate: 'nginx-main' },
    },
  ],
  'file.permissions': [
    {
      // Every bit that may not be set, set before: undoing brings them back.
      arguments: { path: '/etc/cron.d/lab', owner: 'root', group: 'root', mode: '0644' },
      prepare: 'install -o www-data -g www-data -m 6775 /dev/null /etc/cron.d/lab',
    },
  ],
  'kernel.set': [
    {
      arguments: { parameter: PARAMETER, value: 1 },
      // Of the host's own network, which nothing outside of it sees.
      prepare: `
if ! sh -c ': > ${PARAMETER_FILE}' 2>/dev/null; then
  mount --bind /proc/sys/net /proc/sys/net
  mount -o remount,bind,rw /proc/sys/net
fi
echo 0 > ${PARAMETER_FILE}`,
    },
  ],
  'dns.flush': [{ arguments: {}, prepare: 'systemctl start systemd-resolved.service' }],
  'logs.rotate': [{ arguments: {} }],

  'package.upgradable': [{ arguments: {} }],
  'package.upgrade': [
    {
      arguments: { package: 'lab-tool', version: '1.1' },
      prepare: 'apt-get -qq install -y --allow-downgrades lab-tool=1.0 >/dev/null',
    },
  ],
  'user.lock': [{ arguments: { account: 'lab' }, prepare: ACCOUNT }],
  'user.unlock': [
    { arguments: { account: 'lab' }, prepare: `${ACCOUNT}usermod --lock --expiredate 1 lab` },
  ],
  'cache.clear': [
    { arguments: { cache: 'apt' }, prepare: 'touch /var/cache/apt/archives/lab.deb' },
  ],
  'tmp.clean': [
    {
      arguments: { root: '/var/tmp', days: 0 },
      prepare: 'mkdir /var/tmp/d; echo old > /var/tmp/d/old',
      // It says that it puts files back below a directory of their own.
      comesBack: (line) =>
        / (\/var\/tmp\/holdfast-[^/]+)(\/var(\/tmp(\/d)?)?)? /.test(line)
          ? undefined
          : line.replace(/\/var\/tmp\/holdfast-[^/]+\/var\/tmp\//, '/var/tmp/'),
    },
  ],
};

/** The trials of a shipped action; none when nobody has written any. */
export function trialsOf(id: string, host: Host): Trial[] {
  return (ROWS[id] ?? []).map(({ name = 'usual', prepare = '', ...rest }) => ({
    ...rest,
    name,
    prepare: async () => {
      await host.must(['sh', '-eu'], { stdin: `${USUAL}${prepare}\n` });
    },
  }));
}
