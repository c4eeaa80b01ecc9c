/**
 * Text of others, for messages that programs of others show: one line, cut, and with nothing in it that such a program
 * makes into a link, a mention or an address. It stays readable: what was changed shows itself in brackets.
 */
import { canonicalJson, type Json } from '#base/json';
import { clean } from '#redaction';

const SHOWN_CHARS = 300;

/** Endings that are no top-level domain, and that names of units and files end in. */
const NO_DOMAIN =
  /^(?:service|socket|timer|mount|automount|swap|slice|scope|path|conf|cfg|log|yaml|yml|json|crt|pem|key|txt|list|gz|sqlite|deb|rpm)$/i;

/** Cleaned and on one line; what a program reads. */
export function shown(value: Json, maxChars = SHOWN_CHARS): string {
  const text = typeof value === 'string' ? value : canonicalJson(value);
  return clean(text, { maxChars }).text.replaceAll(/\s+/g, ' ');
}

/** What a person reads, in whatever shows it. */
export function inert(value: Json, maxChars = SHOWN_CHARS): string {
  return shown(value, maxChars)
    .replaceAll(/[@＠﹫]/gu, '(at)')
    .replaceAll(/([a-z][a-z0-9+.-]*):(?=\/\/|[^\s:/]+\(at\))/giu, '$1[:]')
    .replaceAll(/\b(mailto|tel|sms|data|javascript|file|slack|msteams|vbscript):/giu, '$1[:]')
    .replaceAll(/(?<=[\p{L}\p{N}])[.。．｡](\p{L}[\p{L}\p{N}-]*)/gu, (whole, label: string) =>
      NO_DOMAIN.test(label) ? whole : `[.]${label}`,
    )
    .replaceAll(/\b(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?=:\d|\/)/g, '$1.$2.$3[.]$4');
}
