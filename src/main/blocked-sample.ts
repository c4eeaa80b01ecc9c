/** Words of a refused command, as they may be kept: whoever asked may have written a secret into them. */
import { clean, isSecretName } from '#redaction';

const SAMPLE_CHARS = 300;

/** The words as a person reads them, without secrets: what stands behind a name of one too. */
export function sampleOf(argv: readonly string[]): string {
  let isBehindSecret = false;
  const words = argv.map((word) => {
    const [, name = '', glued] = /^-{1,2}([A-Za-z][A-Za-z0-9_-]*)(=.*)?$/s.exec(word) ?? [];
    const isValue = isBehindSecret && name === '';
    isBehindSecret = name !== '' && glued === undefined && isSecretName(name);
    if (isValue) return '[redacted:secret]';
    if (glued !== undefined && isSecretName(name))
      return `${word.slice(0, word.indexOf('='))}=[redacted:secret]`;
    return /^[^\s'"]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
  });
  return clean(words.join(' '), { maxChars: SAMPLE_CHARS }).text;
}

/** What would be kept by name is a secret itself. */
export function hidesSomething(argv: readonly string[]): boolean {
  return argv.some((word) => {
    const name = word.includes('=') ? word.slice(0, word.indexOf('=')) : word;
    return clean(name).secrets > 0;
  });
}
