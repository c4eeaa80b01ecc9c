/**
 * The images of lab hosts: Debian 12 with systemd as the first process, made by debootstrap once and
 * kept by the digest of their recipe. No registry is asked for anything.
 *
 * `bare` is small and quiet, for trials that compare a whole host before and after; `fleet` is what
 * an operator would reach over SSH (fleet-image.ts).
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FLEET_CONTENT, FLEET_PACKAGES } from './fleet-image.ts';
import { CACHE, podman, run, well } from './podman.ts';

const PACKAGES = [
  'systemd',
  'systemd-sysv',
  'systemd-resolved',
  'dbus',
  'cron',
  'openssh-server',
  'sudo',
  'logrotate',
  'procps',
  'iproute2',
  'ca-certificates',
  'openssl',
  'busybox',
  'nginx-light',
  // The pinned Node needs it.
  'libatomic1',
];

const SERVICE = `[Unit]
Description=A small web service for tests
[Service]
ExecStart=/usr/bin/busybox httpd -f -p 127.0.0.1:8080 -h /srv/www
ExecReload=/bin/kill -HUP $MAINPID
[Install]
WantedBy=multi-user.target
`;

// A small program of two versions in a package source of its own: what installs, upgrades and holds
// packages is tried without a network.
/**
 * Of a machine that boots from disks, sleeps and has devices; nothing of it is ever loaded here. What a listing of unit
 * files costs the first process grows with the square of their number, and every look asks for one.
 */
const UNITS_OF_MACHINES = [
  'initrd*',
  'runlevel*',
  'rescue-ssh.target',
  '{bluetooth,printer,sound,smartcard,usb-gadget,sigpwr}.target',
  '{hibernate,hybrid-sleep,suspend,suspend-then-hibernate,sleep,kexec}.target',
  'systemd-{hibernate,hibernate-resume@,hybrid-sleep,suspend,suspend-then-hibernate,kexec}.service',
  '{cryptsetup,integritysetup,veritysetup}-pre.target',
  '{integritysetup,veritysetup,remote-cryptsetup,remote-veritysetup,blockdev@}.target',
  'system-update*',
  '{factory-reset,boot-complete,first-boot-complete}.target',
  'systemd-{boot-check-no-failures,backlight@,pstore,repart,volatile-root,firstboot,sysext,exit}.service',
  'systemd-{rfkill,fsckd}.*',
  'systemd-{pcrphase,fsck}*',
  'systemd-{quotacheck,time-wait-sync,network-generator}.service',
  'quotaon.service',
];

const CONTENT = `
bash -ec 'shopt -s nullglob; cd /lib/systemd/system; rm -rf ${UNITS_OF_MACHINES.join(' ')}'
find /lib/systemd/system /etc/systemd/system -xtype l -delete
mkdir -p /srv/www /opt/lab-packages
echo 'hello from the lab' > /srv/www/index.html
cat > /etc/systemd/system/lab-web.service <<'END'
${SERVICE}END
systemctl enable lab-web.service
systemctl disable nginx.service ssh.service systemd-resolved.service apt-daily.timer apt-daily-upgrade.timer
systemctl mask systemd-networkd-wait-online.service
for version in 1.0 1.1; do
  mkdir -p /tmp/p/DEBIAN /tmp/p/usr/bin
  printf '#!/bin/sh\\necho %s\\n' $version > /tmp/p/usr/bin/lab-tool
  chmod 755 /tmp/p/usr/bin/lab-tool
  printf 'Package: lab-tool\\nVersion: %s\\nArchitecture: all\\nMaintainer: Lab <lab@example.org>\\nDescription: prints its version\\n' $version > /tmp/p/DEBIAN/control
  deb=/opt/lab-packages/lab-tool_$version.deb
  dpkg-deb --root-owner-group -b /tmp/p $deb
  { cat /tmp/p/DEBIAN/control
    printf 'Filename: ./lab-tool_%s.deb\\nSize: %s\\nSHA256: %s\\n\\n' $version "$(stat -c %s $deb)" "$(sha256sum $deb | cut -d ' ' -f 1)"
  } >> /opt/lab-packages/Packages
done
rm -rf /tmp/p
echo 'deb [trusted=yes] file:/opt/lab-packages ./' > /etc/apt/sources.list
rm -rf /etc/ssh/ssh_host_* /var/lib/apt/lists/* /var/cache/apt/archives/*.deb
apt-get -qq update
apt-get -qq install -y lab-tool=1.0
: > /etc/machine-id
`;

type Recipe = { readonly packages: readonly string[]; readonly content: string };
const RECIPES = {
  bare: { packages: PACKAGES, content: CONTENT },
  fleet: { packages: [...PACKAGES, ...FLEET_PACKAGES], content: `${CONTENT}${FLEET_CONTENT}` },
} as const satisfies Record<string, Recipe>;
export type Image = keyof typeof RECIPES;

function digestOf(image: Image): string {
  const { packages, content } = RECIPES[image];
  const recipe = JSON.stringify(['debootstrap --variant=minbase bookworm', packages, content]);
  return createHash('sha256').update(recipe).digest('hex').slice(0, 16);
}

export function imageName(image: Image): string {
  return `localhost/holdfast-lab:${digestOf(image)}`;
}

export const IMAGE = imageName('bare');

/** Makes the image where it is not there yet: a minute the first time, then a second, then nothing. */
export async function ensureImage(image: Image, say: (line: string) => void): Promise<void> {
  const name = imageName(image);
  if ((await podman(['image', 'exists', name])).exit === 0) return;
  const kept = join(CACHE, `host-${digestOf(image)}.tar`);
  if (!existsSync(kept)) await make(RECIPES[image], kept, say);
  well(
    'podman import',
    await podman(['import', '--change', 'CMD ["/sbin/init"]', kept, name], { timeoutMs: 300_000 }),
  );
}

async function make(recipe: Recipe, kept: string, say: (line: string) => void): Promise<void> {
  say('lab: making a Debian 12 with systemd (once; a minute or so)');
  mkdirSync(CACHE, { recursive: true });
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-lab-'));
  try {
    // The mirror this machine uses itself, else the default one of debootstrap.
    const { stdout } = await run([
      'apt-get',
      'indextargets',
      '--format=$(REPO_URI)',
      'Codename: bookworm',
      'Component: main',
      'Created-By: Packages',
    ]);
    const mirror = stdout.split('\n')[0] ?? '';
    well(
      'debootstrap',
      await run(
        [
          'debootstrap',
          '--variant=minbase',
          `--include=${recipe.packages.join(',')}`,
          'bookworm',
          directory,
          ...(mirror === '' ? [] : [mirror]),
        ],
        { timeoutMs: 600_000 },
      ),
    );
    well(
      'the recipe of the image',
      await run(['chroot', directory, '/bin/sh', '-eu'], {
        stdin: recipe.content,
        timeoutMs: 120_000,
      }),
    );
    const half = `${kept}.${process.pid}`;
    well('tar', await run(['tar', '-C', directory, '-cf', half, '.'], { timeoutMs: 300_000 }));
    renameSync(half, kept);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
