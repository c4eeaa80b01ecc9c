import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Glob, normalPath, PathGuard } from './paths.ts';
import { mergePlaces, parsePlaces } from './read-paths.ts';
import { someSurroundings } from './samples.ts';

const { paths } = someSurroundings();
const guard = new PathGuard(paths);

describe('a path', () => {
  it('has one form, by name', () => {
    for (const [given, wanted] of [
      ['a', '/a'],
      ['/a//b/', '/a/b'],
      ['./a/../b', '/b'],
      ['/../../etc', '/etc'],
      ['/', '/'],
      ['.', '/'],
      ['..', '/'],
      ['/a/...', '/a/...'],
      ['-', '/-'],
      ['/etc/./shadow', '/etc/shadow'],
    ] as const)
      assert.equal(normalPath(given), wanted, given);
    assert.equal(normalPath(''), null);
    assert.equal(normalPath('a'.repeat(1_025)), null);
    assert.equal(normalPath('é'.repeat(600)), null);
  });

  it('is an honest read where it says what a host is and does', () => {
    for (const path of [
      '/etc/passwd',
      '/etc/group',
      '/etc/hosts',
      '/etc/resolv.conf',
      '/etc/nginx/nginx.conf',
      '/etc/nginx/sites-enabled/default',
      '/etc/ssh/sshd_config',
      '/etc/ssh/ssh_config',
      '/etc/os-release',
      '/etc/fstab',
      '/etc/crontab',
      '/etc/cron.d/backup',
      '/etc/sysctl.conf',
      '/etc/systemd/system/app.service',
      '/etc/apt/sources.list',
      '/etc/apache2/apache2.conf',
      '/etc/mysql/my.cnf',
      '/etc/postgresql/16/main/postgresql.conf',
      '/etc/login.defs',
      '/etc/pam.d/common-password',
      '/etc/security/limits.conf',
      '/etc/nsswitch.conf',
      '/etc/hostname',
      '/etc/timezone',
      '/etc/machine-id',
      '/etc/default/grub',
      '/etc/logrotate.conf',
      '/etc/rsyslog.conf',
      '/etc/ssh/ssh_known_hosts',
      '/etc/docker/daemon.json',
      '/etc/haproxy/haproxy.cfg',
      '/etc/ssl/certs/ca-certificates.crt',
      '/etc/ssl/certs/ISRG_Root_X1.pem',
      '/usr/share/ca-certificates/mozilla/x.crt',
      '/etc/nginx/ssl/site.crt',
      '/srv/tls/site.cer',
      '/etc/ssl/openssl.cnf',
      '/etc/network/interfaces',
      '/etc/postfix/main.cf',
      '/etc/issue',
      '/etc/motd',
      '/etc/services',
      '/etc/exports',
      '/etc/hosts.allow',
      '/etc/chrony/chrony.conf',
      '/etc/shells',
      '/etc/environment',
      '/etc/netplan/01-netcfg.yaml',
      '/etc/letsencrypt/live/x/fullchain.pem',
      '/proc/1/cmdline',
      '/var/log/syslog',
      '/var/log/auth.log',
      '/var/log/nginx/access.log',
      '/var/log/dpkg.log',
      '/var/log/kern.log.1',
      '/var/log/apt/history.log',
      '/var/lib/dpkg/status',
      '/var/log/mysql/error.log',
      '/var/log/postgresql/postgresql-16-main.log',
      '/proc/cpuinfo',
      '/proc/meminfo',
      '/proc/loadavg',
      '/proc/1/status',
      '/proc/self/status',
      '/proc/mounts',
      '/proc/net/dev',
      '/proc/sys/net/ipv4/ip_forward',
      '/proc/version',
      '/proc/interrupts',
      '/proc/1/limits',
      '/proc/1/cgroup',
      '/proc/cmdline',
      '/proc/mdstat',
      '/proc/1/stat',
      '/proc/swaps',
      '/proc/pressure/cpu',
      '/proc/sys/kernel/hostname',
      '/proc/sys/kernel/random/entropy_avail',
      '/sys/class/net/eth0/operstate',
      '/sys/block/sda/queue/scheduler',
      '/sys/class/thermal/thermal_zone0/temp',
      '/sys/fs/cgroup/cpu.stat',
      '/sys/class/dmi/id/product_name',
      '/sys/devices/system/cpu/online',
      '/usr/share/doc/bash/README',
      '/usr/lib/os-release',
      '/opt/app/config.yaml',
      '/opt/app/README.md',
      '/srv/www/index.html',
      '/home/x/notes.txt',
      '/tmp/x.log',
      '/notes.txt',
      '/src/main.py',
      '/data.csv',
      '/package.json',
      '/boot/config-6.1.0',
      '/run/systemd/resolve/resolv.conf',
      '/run/nginx.pid',
      '/lib/systemd/system/ssh.service',
      '/run/motd.dynamic',
      '/home/x/.bashrc',
      '/home/x/.profile',
      '/etc/profile',
      '/etc/bash.bashrc',
      '/usr/share/dict/words',
      '/dev/null',
    ])
      assert.equal(guard.fileObjection(path), null, path);
  });

  it('is never a credential store, a key, a history or an environment', () => {
    for (const path of [
      '/etc/shadow',
      '/etc/shadow-',
      '/etc/gshadow',
      '/etc/gshadow-',
      '/var/backups/shadow.bak',
      '/var/backups/gshadow.bak',
      '/etc/sudoers',
      '/etc/sudoers.d/x',
      '/etc/security/opasswd',
      '/root/x',
      '/root/.bashrc',
      '/etc/ssh/ssh_host_rsa_key',
      '/etc/ssh/ssh_host_ed25519_key',
      '/home/x/.ssh/id_rsa',
      '/home/x/.ssh/authorized_keys',
      '/home/x/.ssh/config',
      '/backup/id_ed25519',
      '/etc/ssl/private/site.key',
      '/etc/nginx/site.key',
      '/srv/x.pem',
      '/x.p12',
      '/x.pfx',
      '/x.jks',
      '/x.kdbx',
      '/etc/letsencrypt/live/x/privkey.pem',
      '/etc/letsencrypt/archive/x/privkey1.pem',
      '/home/x/.netrc',
      '/home/x/.pgpass',
      '/home/x/.my.cnf',
      '/etc/mysql/debian.cnf',
      '/home/x/.aws/credentials',
      '/home/x/.aws/config',
      '/home/x/.kube/config',
      '/etc/kubernetes/admin.conf',
      '/etc/kubernetes/pki/ca.key',
      '/var/lib/kubelet/pki/x',
      '/etc/rancher/k3s/k3s.yaml',
      '/home/x/.docker/config.json',
      '/home/x/.gnupg/x',
      '/etc/krb5.keytab',
      '/x.keytab',
      '/tmp/krb5cc_1000',
      '/etc/wpa_supplicant/wpa_supplicant.conf',
      '/etc/NetworkManager/system-connections/x',
      '/etc/ppp/chap-secrets',
      '/etc/ppp/pap-secrets',
      '/config/secrets.yml',
      '/app/client_secret.json',
      '/app/.env',
      '/app/.env.production',
      '/app/prod.env',
      '/home/x/.git-credentials',
      '/home/x/.npmrc',
      '/home/x/.pypirc',
      '/x/terraform.tfstate',
      '/x/terraform.tfstate.backup',
      '/home/x/.vault-token',
      '/etc/apache2/.htpasswd',
      '/etc/nginx/htpasswd',
      '/etc/sssd/sssd.conf',
      '/etc/sudo-ldap.conf',
      '/app/config/master.key',
      '/home/x/.bash_history',
      '/home/x/.zsh_history',
      '/home/x/.mysql_history',
      '/home/x/.psql_history',
      '/home/x/.python_history',
      '/home/x/.viminfo',
      '/var/lib/cloud/instance/user-data.txt',
      '/run/secrets/x',
      '/run/credentials/x',
      '/var/lib/docker/x',
      '/var/run/secrets/kubernetes.io/serviceaccount/token',
      '/proc/1/environ',
      '/proc/self/environ',
      '/proc/1/mem',
      '/proc/1/task/1/environ',
      '/proc/1/root/etc/shadow',
      '/proc/self/cwd/x',
      '/proc/1/maps',
      '/proc/1/auxv',
      '/proc/1/stack',
      '/proc/self/exe',
      '/core',
      '/x/core.123',
      '/var/lib/systemd/coredump/x',
      '/var/spool/cron/crontabs/root',
      '/etc/wireguard/wg0.conf',
      '/etc/openvpn/client.ovpn',
      '/app/wp-config.php',
      '/etc/ipsec.secrets',
      '/etc/bind/rndc.key',
      '/etc/holdfast/reader',
      '/var/lib/mysql/x',
      '/etc/crypttab',
      '/root/fullchain.pem',
      '/etc/ssl/certs/site-key.pem',
    ])
      assert.equal(guard.fileObjection(path), 'secret', path);
  });

  it('is never a device', () => {
    for (const path of [
      '/dev/sda',
      '/dev/mem',
      '/dev/zero',
      '/dev/urandom',
      '/dev/tcp/x/1',
      '/dev/stdin',
      '/dev/fd/3',
      '/proc/kcore',
      '/proc/kmsg',
      '/proc/1/fd/3',
      '/proc/self/fd/0',
      '/proc/sysrq-trigger',
      '/sys/kernel/debug/x',
      '/dev/shm/x',
    ])
      assert.equal(guard.fileObjection(path), 'device', path);
  });

  it('is a tree only where nothing that is named lies below, and not too wide', () => {
    for (const path of [
      '/var/log',
      '/etc/nginx',
      '/etc/systemd',
      '/etc/apache2',
      '/srv/app',
      '/opt/app',
      '/home/x/project',
      '/usr/share/doc',
      '/etc/cron.d',
      '/var/www/html',
      '/proc/sys/net',
      '/src',
    ])
      assert.equal(guard.treeObjection(path), null, path);
    for (const path of [
      '/',
      '/etc',
      '/root',
      '/home',
      '/proc',
      '/proc/1',
      '/sys',
      '/dev',
      '/var',
      '/var/lib',
      '/run',
      '/home/x/.ssh',
      '/home/x/.aws',
      '/etc/ssl',
      '/etc/letsencrypt',
      '/var/backups',
      '/usr',
      '/tmp',
      '/var/lib/docker',
      '/etc/NetworkManager',
      '/var/spool',
      '/boot',
    ])
      assert.notEqual(guard.treeObjection(path), null, path);
  });

  it('keeps every denial when operators add their own', () => {
    const own = parsePlaces(
      "roots: [/data]\nsecrets: ['/data/hr/*']\nnetworks: [10.9.0.0/16]\n",
      'own.yaml',
      false,
    );
    const merged = mergePlaces([{ paths, networks: [] }, own]);
    const wider = new PathGuard(merged.paths);
    assert.equal(wider.fileObjection('/data/hr/x'), 'secret');
    assert.equal(wider.fileObjection('/etc/shadow'), 'secret');
    assert.deepEqual(merged.networks, ['10.9.0.0/16']);
    assert.throws(
      () => parsePlaces("exceptions: ['/etc/shadow']\n", 'own.yaml', false),
      /own\.yaml:1:\d+: exceptions are the shipped ones/,
    );
  });

  it('must lie in a root', () => {
    const narrow = new PathGuard({ ...paths, roots: ['/var/log'] });
    assert.equal(narrow.fileObjection('/var/log/x'), null);
    assert.equal(narrow.fileObjection('/var/logX'), 'outside-roots');
    assert.equal(narrow.fileObjection('/etc/hosts'), 'outside-roots');
  });
});

describe('a glob', () => {
  it('matches as its meaning says', () => {
    const globs = fc
      .array(fc.constantFrom('a', 'b', '*', '/', '.'), { maxLength: 8 })
      .map((c) => c.join(''));
    const texts = fc
      .array(fc.constantFrom('a', 'b', '/', '.'), { maxLength: 10 })
      .map((c) => c.join(''));
    fc.assert(
      fc.property(globs, texts, (glob, text) => {
        const meaning = new RegExp(`^${glob.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
        assert.equal(new Glob(glob).matches(text), meaning.test(text), `${glob} ${text}`);
      }),
      { numRuns: 2_000 },
    );
  });
});
