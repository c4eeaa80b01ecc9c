/**
 * Every word that a secret is looked for by, each in a text that only that word leads to: without it, it leaks. The bodies
 * are made here, so no file of this repository holds one that looks live.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clean } from './index.ts';

const MIXED =
  'b7Qk2Zx9Lm4Vt8Rw3Np6Ys1Hc5Jd0Fg7Ua2Eo9Ti4Kq8Xv3Bz6Mr1Wl5Cn0Ds7Py2Gh9Jf4Ae8Ou3Ik6Lt1Zq5Xw';
const HEX = '9f3c7a1e5b08d264f1a97c3e5d60b842e7139fa6c05d8b2471e6f3a09c5b7d18'.repeat(2);
const UPPER = 'B7QK2ZX9LM4VT6RW3NP5YS2HC7JD4FG6UA';
const PASSWORD = 'hunter2Secret9';

/** Words between blanks, or one `whole` with blanks in it; the text that each is in, and what must not come out. */
const WORDS: readonly (readonly [
  words: string,
  text: (word: string) => string,
  secret: string,
  whole?: 'whole',
])[] = [
  [
    'pass pwd psk secret token otp jwt kennwort bearer mnemonic',
    (word) => `${word}=${PASSWORD}`,
    PASSWORD,
  ],
  ['key auth session signature', (word) => `${word}=${MIXED.slice(0, 24)}`, MIXED.slice(0, 24)],
  ['cred', (word) => `${word} --creds a:${PASSWORD}`, PASSWORD],
  ['sessid', (word) => `${word}: ${MIXED.slice(0, 24)}`, MIXED.slice(0, 24)],
  ['bindpw', (word) => `"${word}": "${PASSWORD}"`, PASSWORD],
  [
    'sig= sid= pw= pw: $scrypt$ $sha1$ $bcrypt-sha256$',
    (word) => `${word}${MIXED.slice(0, 16)}`,
    MIXED.slice(0, 16),
  ],
  ['sid"', (word) => `{"${word}: "${MIXED.slice(0, 24)}"}`, MIXED.slice(0, 24)],
  ['@tcp( @unix( @tcp6(', (word) => `alice:${PASSWORD}${word}10.0.0.1:3306)/app`, PASSWORD],
  [
    'jdbc:oracle:thin: jdbc:oracle:oci:',
    (word) => `${word}alice/${PASSWORD}@//db:1521/x`,
    PASSWORD,
  ],
  [
    'akia asia abia acca',
    (word) => `${word.toUpperCase()}${UPPER.slice(0, 16)}`,
    UPPER.slice(0, 16),
  ],
  [
    'ghp_ gho_ ghu_ ghs_ ghr_ hf_ lin_api_ glc_ $7$',
    (word) => `${word}${MIXED.slice(0, 30)}`,
    MIXED.slice(0, 30),
  ],
  ['github_pat_', (word) => `${word}${MIXED.slice(0, 22)}`, MIXED.slice(0, 22)],
  [
    'glpat- gldt- glrt- glcbt- glptt- glft- glsoat- glimt- glagent- ya29. sk- hvs. hvb. hvr. dckr_pat_ dckr_oat_ sq0atp- sq0csp-',
    (word) => `${word}${MIXED.slice(0, 20)}`,
    MIXED.slice(0, 20),
  ],
  [
    'xoxb- xoxa- xoxp- xoxr- xoxs- xoxe- xoxe. xoxc- xoxd- xapp- sk_live_ sk_test_ rk_live_ rk_test_ whsec_',
    (word) => `${word}${MIXED.slice(0, 12)}`,
    MIXED.slice(0, 12),
  ],
  [
    'webhook.office.com/',
    (word) =>
      `https://x.${word}webhookb2/5f0c3a1e-1111-4222-8333-9f3c7a1e5b08@5f0c3a1e-1111-4222-8333-9f3c7a1e5b08/IncomingWebhook/${HEX.slice(0, 32)}/5f0c3a1e-1111-4222-8333-9f3c7a1e5b08`,
    HEX.slice(0, 32),
  ],
  [
    '/bot',
    (word) => `https://api.telegram.org${word}123456789:AA${MIXED.slice(0, 33)}/getMe`,
    MIXED.slice(0, 33),
  ],
  ['npm_', (word) => `${word}${MIXED.slice(0, 36)}`, MIXED.slice(0, 36)],
  ['pypi- ops_ey', (word) => `${word}${MIXED.slice(0, 52)}`, MIXED.slice(0, 52)],
  ['gocspx-', (word) => `${word.toUpperCase()}${MIXED.slice(0, 20)}`, MIXED.slice(0, 20)],
  ['dop_v1_ doo_v1_ dor_v1_ pul-', (word) => `${word}${HEX.slice(0, 40)}`, HEX.slice(0, 40)],
  [
    'shpat_ shpca_ shppa_ shpss_ key- dapi',
    (word) => `${word}${HEX.slice(0, 32)}`,
    HEX.slice(0, 32),
  ],
  ['nrak-', (word) => `${word.toUpperCase()}${UPPER.slice(0, 27)}`, UPPER.slice(0, 27)],
  ['atatt3 atctt3', (word) => `${word.toUpperCase()}${MIXED.slice(0, 52)}`, MIXED.slice(0, 52)],
  ['eaaa', (word) => `${word.toUpperCase()}${MIXED.slice(0, 60)}`, MIXED.slice(0, 60)],
  ['secret_', (word) => `${word}${MIXED.slice(0, 43)}`, MIXED.slice(0, 43)],
  [
    'ntn_ sntrys_ sntryu_ gsk_ xai- pplx- fo1_',
    (word) => `${word}${MIXED.slice(0, 40)}`,
    MIXED.slice(0, 40),
  ],
  ['rubygems_', (word) => `${word}${HEX.slice(0, 48)}`, HEX.slice(0, 48)],
  ['cio', (word) => `${word}${MIXED.slice(0, 32)}`, MIXED.slice(0, 32)],
  ['.atlasv1.', (word) => `${word}${MIXED.slice(0, 60)}`, MIXED.slice(0, 60)],
  [
    '$1$ $5$ $6$ $apr1$ $2a$ $2b$ $2y$ $2x$ $pbkdf2',
    (word) => `${word}10$${MIXED.slice(0, 53)}`,
    MIXED.slice(0, 53),
  ],
  [
    '$y$ $gy$',
    (word) => `${word}40000$${MIXED.slice(0, 8)}$${MIXED.slice(0, 28)}`,
    MIXED.slice(0, 28),
  ],
  [
    '$argon2',
    (word) => `${word}2}$argon2id$v=19$m=65536,t=2,p=1$abcdefgh$${MIXED.slice(0, 40)}`,
    MIXED.slice(0, 40),
  ],
  [
    'pbkdf2_sha pbkdf2:sha',
    (word) => `${word}256:260000$${MIXED.slice(0, 16)}$${HEX.slice(0, 64)}`,
    HEX.slice(0, 64),
  ],
  ['scrypt:', (word) => `${word}32768:8:1$${MIXED.slice(0, 16)}$${HEX}`, HEX.slice(0, 64)],
  [
    'scram-sha-256$ scram-sha-1$',
    (word) =>
      `${word.toUpperCase()}4096:${MIXED.slice(0, 22)}==$${MIXED.slice(0, 27)}=:${MIXED.slice(1, 28)}=`,
    MIXED.slice(1, 28),
  ],
  ['{ssha {sha {pbkdf2 {argon2', (word) => `${word}}${MIXED.slice(0, 40)}`, MIXED.slice(0, 40)],
  ['{smd5} {md5} {crypt}', (word) => `${word}${MIXED.slice(0, 8)}`, MIXED.slice(0, 8)],
  ['amqp-password', (word) => `${word} userid=scott/${PASSWORD}`, PASSWORD],
  ['rocommunity rwcommunity', (word) => `${word} ${PASSWORD}`, PASSWORD],
  ['bqiaaa', (word) => `${word.toUpperCase()}${MIXED.slice(0, 40)}`, MIXED.slice(0, 40)],
  [':5432: :5433: :6432: :*:', (word) => `db.example.org${word}app:alice:${PASSWORD}`, PASSWORD],
  [
    'curl smbclient rpcclient smbget winexe wmic net smbpasswd crackmapexec',
    (word) => `${word} -U alice%${PASSWORD}`,
    PASSWORD,
  ],
  [
    'mysql mysqldump mysqladmin mysqlimport mysqlcheck mysqlshow mysqlsh mysqlbinlog mariadb mariadb-dump mariadb-admin mycli xtrabackup mysqlpump mongo mongosh mongodump mongorestore mongoexport mongoimport cqlsh rdesktop iredis influx clickhouse-client ipmitool1 isql tsql 7z 7za 7zr rar unrar evil-winrm kinit nxc netexec',
    (word) => `${word} -p${PASSWORD}`,
    PASSWORD,
  ],
  ['sshpass', (word) => `${word} -p ${PASSWORD}`, PASSWORD],
  [
    'sqlcmd bcp mosquitto_pub mosquitto_sub ipmitool freebcp osql zip unzip dsmc sftp-batch pwsh-login',
    (word) => `${word} -P ${PASSWORD}`,
    PASSWORD,
  ],
  ['redis-cli valkey-cli keydb-cli', (word) => `${word} -a ${PASSWORD}`, PASSWORD],
  [
    'docker podman nerdctl helm buildah oras crane az oc skopeo cf ibmcloud registry',
    (word) => `${word} login -u a -p ${PASSWORD}`,
    PASSWORD,
  ],
  ['skopeo buildah crane ctr', (word) => `${word} -u alice:${PASSWORD}`, PASSWORD],
  [
    'ldapsearch ldapadd ldapmodify ldapdelete ldapwhoami ldappasswd ldapcompare',
    (word) => `${word} -w ${PASSWORD}`,
    PASSWORD,
  ],
  [
    'snmpwalk snmpget snmpset snmpbulkwalk snmpgetnext snmptrap',
    (word) => `${word} -A ${PASSWORD}`,
    PASSWORD,
  ],
  ['sqlplus sqlldr impdp expdp rman tnsping', (word) => `${word} system/${PASSWORD}`, PASSWORD],
  ['http https xh', (word) => `${word} -a a:${PASSWORD}`, PASSWORD],
  ['openssl gpg', (word) => `${word} -k ${PASSWORD}`, PASSWORD],
  ['xfreerdp wfreerdp', (word) => `${word} /p:${PASSWORD}`, PASSWORD],
  ['--password-stdin', (word) => `echo ${PASSWORD} | ${word}`, PASSWORD],
  ['passwd --stdin', (word) => `echo ${PASSWORD} | ${word}`, PASSWORD, 'whole'],
  ['sudo -s', (word) => `echo ${PASSWORD} | ${word}`, PASSWORD, 'whole'],
];

/** What stands around a password in base64: one of the three places that its bytes can have. */
const WRAPPED = [
  'xpassword: ',
  'xypassword=',
  'xPASSWORD: ',
  'xyPASSWORD=',
  'secret: ',
  'Password=',
  'SECRET: ',
  'xSECRET=',
  'xtoken: ',
  'xytoken=',
  'xTOKEN: ',
  'xyTOKEN=',
];

/** The one escape of each hides the label, or what follows it. */
const ESCAPED = [
  'P%41SSWORD=',
  'PA%53SWORD=',
  'passw%6frd=',
  '%70assword=',
  'password\\u{3d}',
  'password\\x3d',
  '&apos;password&apos;:&apos;',
  'password&equals;',
  'password&colon;',
  '&lt;password>',
];

describe('a word that a secret is looked for by', () => {
  it('leads to it by itself', () => {
    for (const [words, text, secret, whole] of WORDS)
      for (const word of whole === undefined ? words.split(' ') : [words]) {
        assert.ok(text(word).includes(secret), word);
        assert.ok(!clean(text(word)).text.includes(secret), word);
      }
  });

  it('leads to it in base64, and behind an escape', () => {
    for (const before of WRAPPED) {
      const wrapped = Buffer.from(before + PASSWORD + PASSWORD).toString('base64');
      assert.ok(!clean(`data ${wrapped}`).text.includes(wrapped), before);
    }
    for (const before of ESCAPED)
      assert.ok(!clean(before + PASSWORD).text.includes(PASSWORD), before);
  });
});
