/** Mail over SMTP (RFC 5321), one connection for one message; nothing of the environment or a file applies. */
import { Fault } from '#base/fault';
import type { Mail, Mailer } from '#base/ports';

export function nodeMailer(): Mailer {
  return { send };
}

async function send(mail: Mail): Promise<void> {
  // Few installations send mail: what does not, does not load it.
  const { createTransport } = await import('nodemailer');
  const transport = createTransport({
    host: mail.host,
    port: mail.port,
    secure: mail.tls === 'implicit',
    requireTLS: mail.tls === 'starttls',
    ignoreTLS: mail.tls === 'none',
    tls: {
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
      ...(mail.ca === null ? {} : { ca: mail.ca }),
    },
    ...(mail.credentials === null
      ? {}
      : { auth: { user: mail.credentials.user, pass: mail.credentials.password } }),
    connectionTimeout: mail.timeoutMs,
    greetingTimeout: mail.timeoutMs,
    socketTimeout: mail.timeoutMs,
    // A message is only what is given here: no file is attached, no address fetched.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    const { rejected } = await transport.sendMail({
      from: mail.from,
      to: [...mail.to],
      messageId: mail.messageId,
      subject: mail.subject,
      text: mail.text,
    });
    if (rejected.length > 0) throw new Error('a recipient was refused');
  } catch (cause) {
    const code = (cause as { code?: unknown } | null)?.code;
    throw new Fault(
      'unavailable',
      'mail-failed',
      `mail was not taken: ${mail.host}:${mail.port}: ${typeof code === 'string' ? code : 'refused'}`,
      { cause },
    );
  } finally {
    transport.close();
  }
}
