/** What a fleet host has beyond a bare one: a way in over SSH, logs, and services worth looking at. */
export const FLEET_PACKAGES = [
  'rsyslog',
  'unbound',
  'redis-server',
  'gawk',
  'mawk',
  'libfaketime',
  'netbase',
  'iputils-ping',
  'psmisc',
  'file',
  'less',
];

// Host keys are made at the first boot, so that no two hosts share one.
const HOST_KEYS = `[Unit]
Description=Host keys of this host, made once
Before=ssh.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/lab-host-keys
[Install]
WantedBy=multi-user.target
`;

const BROKEN = `[Unit]
Description=A service that fails
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo cannot open /srv/lab-broken.conf: no such file >&2; exit 3'
[Install]
WantedBy=multi-user.target
`;

// Hosts of a lab have no way out, so the resolver answers for a zone of its own.
const RESOLVER = `server:
  interface: 127.0.0.1
  module-config: "iterator"
  local-zone: "lab.example." static
  local-data: "lab.example. IN NS ns.lab.example."
  local-data: "ns.lab.example. IN A 127.0.0.1"
  local-data: "www.lab.example. IN A 192.0.2.80"
`;

const SITE = `server {
  listen 80 default_server;
  root /srv/www;
  access_log /var/log/nginx/access.log;
}
`;

export const FLEET_CONTENT = `
cat > /usr/local/sbin/lab-host-keys <<'END'
#!/bin/sh
for type in ed25519 ecdsa; do
  [ -s /etc/ssh/ssh_host_\${type}_key ] || ssh-keygen -q -t $type -N '' -C '' -f /etc/ssh/ssh_host_\${type}_key
done
END
chmod 755 /usr/local/sbin/lab-host-keys
cat > /etc/systemd/system/lab-host-keys.service <<'END'
${HOST_KEYS}END
cat > /etc/systemd/system/lab-broken.service <<'END'
${BROKEN}END
cat > /etc/unbound/unbound.conf.d/lab.conf <<'END'
${RESOLVER}END
rm -f /etc/unbound/unbound.conf.d/root-auto-trust-anchor-file.conf
cat > /etc/nginx/sites-available/default <<'END'
${SITE}END
ln -sf ../sites-available/default /etc/nginx/sites-enabled/default
sed -i '/imklog/d' /etc/rsyslog.conf
update-alternatives --set awk /usr/bin/mawk
printf '17 * * * * root /usr/bin/true\\n' > /etc/cron.d/lab
useradd --create-home --shell /bin/bash --password '*' ops
install -d -m 700 -o ops -g ops /home/ops/.ssh
printf 'ops ALL=(ALL:ALL) NOPASSWD: ALL\\n' > /etc/sudoers.d/ops
chmod 440 /etc/sudoers.d/ops
systemctl enable lab-host-keys.service lab-broken.service ssh.service nginx.service \
  unbound.service redis-server.service rsyslog.service cron.service
systemctl mask unbound-resolvconf.service e2scrub_all.timer
rm -rf /var/log/*.log /var/log/nginx/*.log
: > /etc/machine-id
`;
