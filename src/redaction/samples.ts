/**
 * Texts with a secret in them: what goes in, what must not come out, what must stay.
 *
 * Tokens are made here from a seed, so no file of this repository holds one that looks live.
 */

/** The text, the parts that must be gone, the parts that must be left. */
export type SecretSample = readonly [
  text: string,
  gone: string | readonly string[],
  left?: readonly string[],
];

let seed = 7;
function draw(alphabet: string, length: number): string {
  let out = '';
  for (let i = 0; i < length; i++) {
    seed = (seed * 48_271) % 2_147_483_647;
    out += alphabet[seed % alphabet.length];
  }
  return out;
}
const DIGITS = '0123456789';
const HEX = '0123456789abcdef';
const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const alnum = (n: number) =>
  `${draw(LOWER, 1)}${draw(DIGITS, 1)}${draw(LOWER.toUpperCase(), 1)}${draw(DIGITS + LOWER + LOWER.toUpperCase(), n - 3)}`;
const hex = (n: number) => draw(HEX, n);
const b64 = (n: number) => `${alnum(n - 2)}==`;
const upper = (n: number) =>
  `${draw(LOWER.toUpperCase(), 2)}${draw(`234567${LOWER.toUpperCase()}`, n - 2)}`;
const pem = (kind: string, eol = '\n') =>
  `-----BEGIN ${kind}-----${eol}${PEM_BODY}${eol}${alnum(64)}${eol}-----END ${kind}-----`;
const PEM_BODY = alnum(64);

const pw = 'hunter2-Zq8';
const odd = 'p@ss,w0rd;x=1&y';
const aws = alnum(40);
const jwt = `eyJ${alnum(20)}.eyJ${alnum(40)}.${alnum(43)}`;
const key32 = alnum(32);
const hex64 = hex(64);
const long = alnum(68);
const basic = Buffer.from(`bob:${pw}`).toString('base64');

const wrapped = (text: string) => Buffer.from(text).toString('base64');
const token = (prefix: string, length: number, make: (n: number) => string = alnum) =>
  `${prefix}${make(length)}`;
const shapes: readonly string[] = [
  token('AKIA', 16, upper),
  token('ASIA', 16, upper),
  token('ghp_', 36),
  token('gho_', 36),
  token('ghs_', 36),
  token('ghu_', 36),
  `github_pat_${alnum(22)}_${alnum(59)}`,
  token('glpat-', 20),
  token('glrt-', 20),
  `xoxb-${draw(DIGITS, 12)}-${draw(DIGITS, 12)}-${alnum(24)}`,
  `xoxp-${draw(DIGITS, 12)}-${alnum(32)}`,
  `xapp-1-${alnum(40)}`,
  token('sk_live_', 24),
  token('rk_live_', 24),
  token('whsec_', 32),
  token('npm_', 36),
  token('pypi-AgEIcHlwaS5vcmc', 80),
  token('SK', 32, hex),
  `SG.${alnum(22)}.${alnum(43)}`,
  token('AIza', 35),
  token('ya29.', 60),
  token('GOCSPX-', 28),
  token('sk-', 48),
  token('sk-proj-', 60),
  token('sk-ant-api03-', 90),
  token('hvs.', 24),
  token('hvb.', 90),
  token('dop_v1_', 64, hex),
  token('dckr_pat_', 27),
  `AGE-SECRET-KEY-1${upper(58)}`,
  `${draw('123456789', 10)}:AA${alnum(33)}`,
  `M${alnum(23)}.${alnum(6)}.${alnum(38)}`,
  token('hf_', 34),
  token('shpat_', 32, hex),
  token('glsa_', 32).concat(`_${hex(8)}`),
  token('lin_api_', 40),
  token('tskey-auth-', 30),
  token('pul-', 40, hex),
  jwt,
  `$1$${alnum(8)}$${alnum(22)}`,
  `$2b$12$${alnum(53)}`,
  `$2y$10$${alnum(53)}`,
  `$5$rounds=5000$${alnum(16)}$${alnum(43)}`,
  `$6$${alnum(16)}$${alnum(86)}`,
  `$y$j9T$${alnum(22)}$${alnum(43)}`,
  `$argon2id$v=19$m=65536,t=3,p=4$${alnum(22)}$${alnum(43)}`,
  `$apr1$${alnum(8)}$${alnum(22)}`,
  `{SSHA}${b64(32)}`,
  `{SSHA512}${b64(90)}`,
  `pbkdf2_sha256$600000$${alnum(22)}$${alnum(43)}=`,
  `SCRAM-SHA-256$4096:${b64(24)}$${b64(44)}:${b64(44)}`,
];

/** How a token may stand in a text. */
const around: readonly ((t: string) => string)[] = [
  (t) => t,
  (t) => `found ${t} in the environment`,
  (t) => `{"message":"value is ${t}","level":"warn"}`,
  (t) => `line one\\n${t}\\nline three`,
];

const labelled: readonly SecretSample[] = [
  [`password=${pw}`, pw],
  [`password = ${pw}`, pw],
  [`password: ${pw}`, pw],
  [`PASSWORD="${pw}"`, pw],
  [`Password: '${pw}'`, pw],
  [`passwd=${pw} user=bob`, pw, ['user=bob']],
  [`password=${odd}`, odd],
  [`password="it's \\"${pw}\\" ok" host=db1`, pw, ['host=db1']],
  [`{"user":"bob","password":"${pw}","host":"db1"}`, pw, ['bob', 'db1']],
  [`{"password" : "a\\"${pw}"}`, pw],
  [`{\\"user\\":\\"bob\\",\\"password\\":\\"${pw}\\",\\"n\\":1}`, pw, ['bob', '\\"n\\":1']],
  [`{\\\\\\"password\\\\\\":\\\\\\"${pw}\\\\\\"}`, pw],
  [`{'password': '${pw}', 'user': 'bob'}`, pw, ['bob']],
  [`{"password": 12345678}`, '12345678'],
  [`{"passwords": ["${pw}", "other-one1"]}`, [pw, 'other-one1']],
  [`{"client_secret": {"value": "${pw}"}}`, pw],
  [`db_password: ${pw}`, pw],
  [`  password: correct horse battery staple`, ['correct', 'staple']],
  [`password: |\n  ${pw}\n  second-line1\nuser: bob`, [pw, 'second-line1'], ['user: bob']],
  [`password: >-\n    ${pw}\nuser: bob`, pw, ['user: bob']],
  [`password: !!str ${pw}`, pw],
  [`DB_PASSWORD=${pw}`, pw],
  [`export PGPASSWORD=${pw}; psql -h db1`, pw, ['psql -h db1']],
  [`MYSQL_PWD=${pw} mysql -h db1`, pw, ['db1']],
  [`MYSQL_ROOT_PASSWORD: ${pw}`, pw],
  [`- name: DB_PASSWORD\n  value: ${pw}`, pw],
  [`{"name":"API_TOKEN","value":"${pw}"}`, pw],
  [`<add key="DbPassword" value="${pw}" />`, pw],
  [`<password>${pw}</password>`, pw, ['<password>', '</password>']],
  [`<ns:Password type="text">${pw}</ns:Password>`, pw],
  [`<password><![CDATA[${pw}]]></password>`, pw],
  [`<user name="bob" password="${pw}"/>`, pw, ['bob']],
  [`<key>Password</key>\n<string>${pw}</string>`, pw],
  [`spring.datasource.password=${pw}`, pw],
  [`spring.datasource.password=abc\\\n    ${pw}`, ['abc', pw]],
  [`clientSecret: "${pw}"`, pw],
  [`client_secret=${pw}&grant_type=password`, pw, ['grant_type']],
  [`user[password]=${pw}&user[name]=bob`, pw, ['bob']],
  [`config['password'] = '${pw}'`, pw],
  [`const apiKey = "${key32}";`, key32],
  [`password := "${pw}"`, pw],
  [`password: str = "${pw}"`, pw],
  [`:password => "${pw}"`, pw],
  [`secret_key_base: ${hex64}`, hex64],
  [`--password ${pw} --user bob`, pw, ['--user bob']],
  [`--password=${pw} --user bob`, pw, ['--user bob']],
  [`tool --token ${key32} list`, key32, ['list']],
  [`tool --api-key '${key32}' list`, key32, ['list']],
  [`["tool","--password","${pw}","list"]`, pw, ['list']],
  [`keytool -storepass ${pw} -alias web`, pw, ['-alias web']],
  [`tool --password ${pw} \\\n  --host db1`, pw, ['--host db1']],
  [`Invoke-It -Password ${pw} -User bob`, pw, ['-User bob']],
  [`the password is ${pw}.`, pw],
  [`password for bob: ${pw}`, pw, ['bob']],
  [`new password was set to "${pw}"`, pw],
  [`tried password ${pw} from 10.0.0.1`, pw, ['10.0.0.1']],
  [`machine git.example login bob password ${pw}`, pw, ['git.example', 'bob']],
  [`machine git.example\n  login bob\n  password plainword\n`, 'plainword', ['bob']],
  [`enable secret 0 ${pw}`, pw],
  [`username bob password 7 0822455D0A16`, '0822455D0A16', ['bob']],
  [`requirepass foobared`, 'foobared'],
  [`rootpw --plaintext letmein`, 'letmein'],
  [`CREATE USER bob IDENTIFIED BY '${pw}';`, pw, ['bob']],
  [`create user bob identified with mysql_native_password by "${pw}"`, pw],
  [`ALTER ROLE bob WITH ENCRYPTED PASSWORD '${pw}' VALID UNTIL '2027-01-01'`, pw, ['2027-01-01']],
  [`API key: ${key32}`, key32],
  [`Secret access key: ${aws}`, aws],
  [`aws_secret_access_key = ${aws}`, aws],
  [`AWS_SESSION_TOKEN=${long}`, long],
  [`aws configure set aws_secret_access_key ${aws}`, aws],
  [`//registry.example/:_authToken=${key32}`, key32, ['registry.example']],
  [`_auth=${basic}`, basic],
  [`{"auths":{"r.example":{"auth":"${basic}"}}}`, basic, ['r.example']],
  [`    token: ${key32}\n    client-key-data: ${b64(64)}`, key32],
  [
    `client-key-data: ${wrapped(pem('RSA PRIVATE KEY'))}`,
    wrapped(pem('RSA PRIVATE KEY')).slice(40, 80),
  ],
  [`PrivateKey = ${b64(44)}`, '=='],
  [`PresharedKey = ${b64(44)}`, '=='],
  [`wpa_passphrase=${pw}`, pw],
  [`network={\n  ssid="home"\n  psk="correct horse"\n}`, 'correct horse', ['home']],
  [`sae_password=${pw}`, pw],
  [
    `otpauth://totp/x:bob?secret=JBSWY3DPEHPK3PXP&issuer=x`,
    'JBSWY3DPEHPK3PXP',
    ['bob', 'issuer=x'],
  ],
  [`otp=492817`, '492817'],
  [`passphrase: open sesame now`, 'sesame'],
  [`PASSWORD%3D${pw}`, pw],
  [`pass\\u0077ord=${pw}`, pw],
  [`&quot;password&quot;:&quot;${pw}&quot;`, pw],
  [`password&#61;${pw}`, pw],
  [`%22password%22%3A%22${pw}%22`, pw],
  [`ｐａｓｓｗｏｒｄ：${pw}`, pw],
  [`pаssword=${pw}`, pw],
  [`pass\u200bword=${pw}`, pw],
  [`password\u00ad: hun\u200bter2-Zq8`, pw],
  [`pass\x1b[31mword\x1b[0m=hun\x1b[1mter2-Zq8`, pw],
  [`pass\x00word=hun\x00ter2-Zq8`, pw],
  [`\u202epassword=${pw}\u202c`, pw],
  [`data: ${wrapped(`password=${pw}`)}`, wrapped(`password=${pw}`)],
  [`data: ${wrapped(`x: 1\napi_token: ${key32}`)}`, wrapped(`x: 1\napi_token: ${key32}`)],
  [`PassWord=${pw}`, pw],
  [`pAsSwOrD=${pw}`, pw],
  [`PASSWORD:${pw}`, pw],
  [`Content-Disposition: form-data; name="password"\n\n${pw}\n--x`, pw],
  [`snmp-server community ${pw} RO`, pw, ['RO']],
  [`password="""${pw}"""`, pw],
  [`password=\`${pw}\``, pw],
  [`"password=${pw}" failed`, pw, ['failed']],
  [`login(user='bob', password='${pw}', db='shop')`, pw, ['bob', 'shop']],
  [`admin_password = "${pw}" # change me`, pw, ['# change me']],
];

const more: readonly SecretSample[] = [
  [`pass phrase: ${pw}`, pw],
  [`password:\n  ${pw}\nuser: bob`, pw, ['user: bob']],
  [`password -> ${pw}`, pw],
  [`kubectl create secret generic x --from-literal=password=${pw}`, pw],
  [`"connectionString":"Server=a;User=b;Password=${pw};"`, pw, ['Server=a;User=b']],
  [`password%253D${pw}`, pw],
  [`https://x/?a=b&amp;token=${pw}&amp;c=d`, pw, ['c=d']],
  [`ansible_become_password: ${pw}`, pw],
];

const headers: readonly SecretSample[] = [
  [`Authorization: Basic ${basic}`, basic, ['Basic']],
  [`authorization: bearer ${key32}`, key32],
  [`Authorization: Bearer ${jwt}`, jwt],
  [`Proxy-Authorization: Basic ${basic}`, basic],
  [
    `Authorization: Digest username="bob", realm="x", nonce="n1", response="${hex(32)}"`,
    'response="',
  ],
  [`Authorization: Bearer\n  ${key32}`, key32],
  [
    `Authorization: Bearer ${key32.slice(0, 16)}\n ${key32.slice(16)}`,
    [key32.slice(0, 16), key32.slice(16)],
  ],
  [`Authorization: AWS4-HMAC-SHA256 Credential=x/y, Signature=${hex64}`, hex64],
  [`Authorization: Token ${key32}`, key32],
  [`curl -H "Authorization: Bearer ${key32}" https://x.example/`, key32, ['x.example']],
  [`curl -H 'X-Api-Key: ${key32}' https://x.example/`, key32, ['x.example']],
  [`{"authorization":"Bearer ${key32}","n":1}`, key32, ['"n":1']],
  [`headers={'Authorization': 'Bearer ${key32}'}`, key32],
  [`Cookie: sid=${key32}; theme=dark`, key32],
  [`Set-Cookie: sid=${key32}; Path=/; HttpOnly`, key32, ['Path=/']],
  [`X-Auth-Token: ${key32}`, key32],
  [`X-Vault-Token: s.${alnum(24)}`, 's.'],
  [`PRIVATE-TOKEN: ${key32}`, key32],
  [`sent Basic ${basic} and failed`, basic, ['failed']],
  [`with bearer ${key32}`, key32],
];

const addresses: readonly SecretSample[] = [
  [
    `postgres://bob:${pw}@db1:5432/shop?sslmode=require`,
    pw,
    ['bob', 'db1:5432/shop?sslmode=require'],
  ],
  [`mysql://bob:${pw}@db1/shop`, pw, ['bob', 'db1/shop']],
  [`redis://:${pw}@cache1:6379/0`, pw, ['cache1:6379/0']],
  [`mongodb+srv://bob:${pw}@c.example/shop?retryWrites=true`, pw, ['bob', 'c.example/shop']],
  [`amqp://bob:${pw}@mq1:5672/v`, pw, ['bob', 'mq1:5672/v']],
  [`https://bob:${key32}@git.example/x.git`, key32, ['bob', 'git.example/x.git']],
  [`https://bob:p%40ss%3Aword1@h.example/`, 'p%40ss%3Aword1', ['bob', 'h.example']],
  [`https://bob:p@ssw0rd@h.example/x`, ['p@ss', 'w0rd'], ['bob', 'h.example/x']],
  [`https://bob:pa/ssw0rd#1@h.example/x`, ['pa/ss', 'w0rd'], ['bob', 'h.example/x']],
  [`next=https%3A%2F%2Fbob%3A${pw}%40h.example%2F`, pw, ['h.example']],
  [`host=db1 port=5432 user=bob password=${pw} dbname=shop`, pw, ['db1', 'bob', 'dbname=shop']],
  [`host=db1 user=bob password='it\\'s ${pw}' dbname=shop`, pw, ['dbname=shop']],
  [
    `jdbc:sqlserver://db1:1433;databaseName=shop;user=bob;password=${pw};encrypt=true`,
    pw,
    ['db1:1433', 'shop', 'bob', 'encrypt=true'],
  ],
  [`jdbc:mysql://db1/shop?user=bob&password=${pw}&useSSL=true`, pw, ['bob', 'useSSL=true']],
  [`jdbc:oracle:thin:scott/${pw}@//db1:1521/shop`, pw, ['scott', 'db1:1521/shop']],
  [
    `Server=db1;Database=shop;User Id=bob;Password=${pw};Encrypt=yes`,
    pw,
    ['db1', 'shop', 'bob', 'Encrypt=yes'],
  ],
  [`Driver={SQL Server};Server=db1;Uid=bob;Pwd=${pw};`, pw, ['db1', 'bob']],
  [`DSN=x;UID=bob;PWD={${pw}};`, pw, ['bob']],
  [`bob:${pw}@tcp(db1:3306)/shop?parseTime=true`, pw, ['bob', 'db1:3306', 'shop']],
  [`GET /v1/items?token=${key32}&page=2`, key32, ['/v1/items', 'page=2']],
  [`GET /v1/items?api_key=${key32} HTTP/1.1`, key32, ['HTTP/1.1']],
  [
    `https://x.blob.example/c?sv=2024-01-01&sig=${alnum(43)}%3D&se=2027`,
    '%3D',
    ['sv=2024-01-01', 'se=2027'],
  ],
  [
    `https://b.example/o?X-Amz-Date=20260101T000000Z&X-Amz-Signature=${hex64}`,
    hex64,
    ['X-Amz-Date=20260101T000000Z'],
  ],
  [`https://x.example/cb#access_token=${key32}&expires_in=3600`, key32, ['expires_in=3600']],
  [
    `AccountName=shop;AccountKey=${b64(88)};EndpointSuffix=x`,
    '==',
    ['AccountName=shop', 'EndpointSuffix=x'],
  ],
  [
    `Endpoint=sb://x/;SharedAccessKeyName=root;SharedAccessKey=${b64(44)}`,
    '==',
    ['SharedAccessKeyName=root'],
  ],
  [
    `https://hooks.slack.com/services/T${upper(8)}/B${upper(8)}/${key32}`,
    key32,
    ['hooks.slack.com'],
  ],
  [`https://discord.com/api/webhooks/${draw(DIGITS, 18)}/${long}`, long, ['discord.com']],
  [`db1:5432:shop:bob:${pw}`, pw, ['db1:5432:shop:bob:']],
  [`*:*:*:bob:${pw}`, pw, ['bob']],
];

const commands: readonly SecretSample[] = [
  [`mysql -u root -p${pw} shop`, pw, ['root', 'shop']],
  [`mysql -uroot -p'${pw}' -h db1`, pw, ['db1']],
  [`mysqldump -u root -p ${pw} shop`, pw, ['shop']],
  [`docker exec db mysql -uroot -p${pw}`, pw],
  [`mongosh -u bob -p ${pw} db1/shop`, pw, ['bob', 'db1/shop']],
  [`sshpass -p ${pw} ssh bob@h`, pw, ['bob@h']],
  [`sshpass -p'${pw}' ssh bob@h`, pw, ['bob@h']],
  [`curl -u bob:${pw} https://x.example/`, pw, ['bob', 'x.example']],
  [`curl --user "bob:${pw}" https://x.example/`, pw, ['bob', 'x.example']],
  [`curl -sSfu bob:${pw} https://x.example/`, pw, ['bob']],
  [`redis-cli -h cache1 -a ${pw} ping`, pw, ['cache1', 'ping']],
  [`docker login -u bob -p ${pw} r.example`, pw, ['bob', 'r.example']],
  [`echo ${pw} | docker login --password-stdin`, pw],
  [`echo "bob:${pw}" | chpasswd`, pw, ['bob']],
  [`ldapsearch -D cn=admin -w ${pw} -b dc=x`, pw, ['cn=admin', 'dc=x']],
  [`smbclient //fs1/share -U bob%${pw}`, pw, ['bob', 'fs1']],
  [`ipmitool -H bmc1 -U admin -P ${pw} power status`, pw, ['power status']],
  [`htpasswd -b /etc/x/htpasswd bob ${pw}`, pw, ['bob']],
  [`rabbitmqctl add_user bob ${pw}`, pw, ['bob']],
  [`sqlplus scott/${pw}@orcl`, pw, ['scott', 'orcl']],
  [`openssl rsa -in k.pem -passin pass:${pw}`, pw, ['k.pem']],
  [`wget --http-user=bob --http-password=${pw} https://x.example/`, pw, ['bob']],
];

const blocks: readonly SecretSample[] = [
  [pem('RSA PRIVATE KEY'), PEM_BODY],
  [pem('EC PRIVATE KEY'), PEM_BODY],
  [pem('OPENSSH PRIVATE KEY'), PEM_BODY],
  [pem('ENCRYPTED PRIVATE KEY'), PEM_BODY],
  [pem('PRIVATE KEY'), PEM_BODY],
  [pem('PGP PRIVATE KEY BLOCK'), PEM_BODY],
  [`{"private_key":"${pem('PRIVATE KEY', '\\n')}\\n","client_email":"x@y"}`, PEM_BODY, ['x@y']],
  [`before\n-----BEGIN RSA PRIVATE KEY-----\n${PEM_BODY}\n${PEM_BODY}`, PEM_BODY, ['before']],
  [
    `before\n-----BEGIN RSA PRIVATE KEY-----\n${PEM_BODY}\nnext line of the log`,
    PEM_BODY,
    ['next line'],
  ],
  [
    `  -----BEGIN PRIVATE KEY-----\n  ${PEM_BODY}\n  -----END PRIVATE KEY-----\nafter`,
    PEM_BODY,
    ['after'],
  ],
  [
    `PuTTY-User-Key-File-3: ssh-ed25519\nPublic-Lines: 1\nAAAA\nPrivate-Lines: 1\n${PEM_BODY}\nPrivate-MAC: ${hex(64)}`,
    PEM_BODY,
    ['ssh-ed25519'],
  ],
  [
    `secret: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  ${'6162'.repeat(20)}\n  ${'6364'.repeat(20)}\nuser: bob`,
    ['6162', '6364'],
    ['user: bob'],
  ],
  [`root:$6$${alnum(16)}$${alnum(86)}:19000:0:99999:7:::`, '$6$', ['root:', ':19000:0:99999:7:::']],
  [`bob:abJnggxhB/yWI:19000:0:99999:7:::`, 'abJnggxhB/yWI', ['bob:']],
  [`bob:$apr1$${alnum(8)}$${alnum(22)}`, '$apr1$', ['bob:']],
];

export const SECRETS: readonly SecretSample[] = [
  ...shapes.flatMap((shape, i) => {
    const place = around[i % around.length] as (t: string) => string;
    return [[place(shape), shape] as const];
  }),
  ...labelled,
  ...more,
  ...headers,
  ...addresses,
  ...commands,
  ...blocks,
];
