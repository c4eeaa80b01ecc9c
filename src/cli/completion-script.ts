/**
 * Completion scripts made from the commands themselves. Everything that goes into a script is our
 * own text, and is quoted for the shell all the same.
 */
import type { Chapter, CommandSpec, GroupSpec, OptionSpec } from './commands/spec.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export function isShell(text: string): text is Shell {
  return SHELLS.some((shell) => shell === text);
}

export function completionScript(
  shell: Shell,
  chapters: readonly Chapter[],
  globals: readonly OptionSpec[],
): string {
  const places = placesOf(chapters, globals);
  switch (shell) {
    case 'bash':
      return bash(places);
    case 'zsh':
      return zsh(places);
    case 'fish':
      return fish(places);
  }
}

type Word = { readonly word: string; readonly about: string };
/** What may follow a path of commands. */
type Place = {
  readonly path: string;
  readonly words: readonly Word[];
  readonly options: readonly (Word & {
    readonly takesValue: boolean;
    readonly choices: readonly string[];
    /** Completed as a file or directory name. */
    readonly file: boolean;
  })[];
  /** Its argument is a file or directory name. */
  readonly file: boolean;
};

const HELP: OptionSpec = { flags: '--help', about: 'show help' };

function placesOf(chapters: readonly Chapter[], globals: readonly OptionSpec[]): readonly Place[] {
  const specs = chapters.flatMap((chapter) => chapter.commands);
  const options = (own: readonly OptionSpec[] = []): Place['options'] =>
    [...own, ...globals, HELP].map((spec) => {
      const [word = '', value] = spec.flags.split(' ');
      return {
        word,
        about: spec.about,
        takesValue: value !== undefined,
        choices: spec.choices ?? [],
        file: value === '<directory>',
      };
    });
  const leaf = (path: string, spec: CommandSpec): Place => ({
    path,
    words: [
      ...(spec.argumentChoices ?? []).map((word) => ({ word, about: '' })),
      ...(spec.within ?? []).map((each) => wordOf(each)),
    ],
    options: options(spec.options),
    file: /<(?:file|path)>/.test(spec.usage),
  });
  const wordOf = (spec: CommandSpec | GroupSpec): Word => ({
    word: spec.usage.split(' ')[0] ?? '',
    about: spec.summary,
  });
  const help = { word: 'help', about: 'show help of a command' };
  const root: Place = {
    path: '',
    words: [...specs.map(wordOf), help],
    options: options(),
    file: false,
  };
  return [
    root,
    { path: 'help', words: specs.map(wordOf), options: [], file: false },
    ...specs.flatMap((spec) => {
      const { word } = wordOf(spec);
      if (!('commands' in spec))
        return [
          leaf(word, spec),
          ...(spec.within ?? []).map((each) => leaf(`${word} ${wordOf(each).word}`, each)),
        ];
      return [
        { path: word, words: spec.commands.map(wordOf), options: options(), file: false },
        ...spec.commands.map((each) => leaf(`${word} ${wordOf(each).word}`, each)),
      ];
    }),
  ];
}

/** Options that take a value, so that the value is not taken for a command. */
function valued(places: readonly Place[]): readonly string[] {
  const words = places.flatMap((place) =>
    place.options.filter((o) => o.takesValue).map((o) => o.word),
  );
  return [...new Set(words)].toSorted();
}

function commandWords(places: readonly Place[]): readonly string[] {
  return places.map((place) => place.path).filter((path) => path !== '');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function bash(places: readonly Place[]): string {
  const byPlace = places.map((place) => {
    const choices = place.options
      .filter((option) => option.choices.length > 0)
      .map(
        (option) =>
          `      ${quote(`${place.path} ${option.word}`.trim())}) values=${quote(option.choices.join(' '))} ;;`,
      );
    const words = [...place.words, ...(place.file ? [] : [])].map(({ word }) => word);
    const options = place.options.map(({ word }) => word);
    return { place, choices, words, options };
  });
  return `# bash completion of holdfast
_holdfast() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local path='' word skip='' values='' words='' options='' file='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [ -n "$skip" ]; then skip=''; continue; fi
    case $word in
      ${valued(places).join('|')}) skip=1; continue ;;
      -*) continue ;;
    esac
    case "\${path:+$path }$word" in
      ${commandWords(places).map(quote).join('|')}) path="\${path:+$path }$word" ;;
    esac
  done
  if [ -n "$skip" ]; then
    case "\${path:+$path }$previous" in
${byPlace.flatMap(({ choices }) => choices).join('\n')}
    esac
    case $previous in --home) compopt -o dirnames 2>/dev/null ;; esac
    COMPREPLY=($(compgen -W "$values" -- "$current"))
    return
  fi
  case $path in
${byPlace.map(({ place, words, options }) => `    ${quote(place.path)}) words=${quote(words.join(' '))} options=${quote(options.join(' '))} file=${place.file ? '1' : "''"} ;;`).join('\n')}
  esac
  case $current in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
    *)
      COMPREPLY=($(compgen -W "$words" -- "$current"))
      if [ -n "$file" ]; then compopt -o default 2>/dev/null; fi
      ;;
  esac
}
complete -F _holdfast holdfast
`;
}

/** Text inside an `_arguments` or `_describe` entry. */
function zshText(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll(':', '\\:')
    .replaceAll('[', '\\[')
    .replaceAll(']', '\\]');
}

function zsh(places: readonly Place[]): string {
  const cases = places.map((place) => {
    const words = place.words.map(({ word, about }) => quote(`${zshText(word)}:${zshText(about)}`));
    const options = place.options.map(({ word, about }) =>
      quote(`${zshText(word)}:${zshText(about)}`),
    );
    return `    ${quote(place.path)})
      words_here=(${words.join(' ')})
      options_here=(${options.join(' ')})
      ${place.file ? 'file=1' : ''} ;;`;
  });
  const values = places.flatMap((place) =>
    place.options
      .filter((option) => option.choices.length > 0)
      .map(
        (option) =>
          `      ${quote(`${place.path} ${option.word}`.trim())}) compadd -- ${option.choices.map(quote).join(' ')} ;;`,
      ),
  );
  return `#compdef holdfast
# zsh completion of holdfast
_holdfast() {
  local at='' word skip='' file='' i
  local -a words_here options_here
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    if [[ -n $skip ]]; then skip=''; continue; fi
    case $word in
      ${valued(places).join('|')}) skip=1; continue ;;
      -*) continue ;;
    esac
    case "\${at:+$at }$word" in
      ${commandWords(places).map(quote).join('|')}) at="\${at:+$at }$word" ;;
    esac
  done
  if [[ -n $skip ]]; then
    case "\${at:+$at }\${words[CURRENT - 1]}" in
${values.join('\n')}
      *--home) _files -/ ;;
    esac
    return
  fi
  case $at in
${cases.join('\n')}
  esac
  if [[ \${words[CURRENT]} == -* ]]; then
    _describe -o option options_here
  else
    (( \${#words_here} )) && _describe command words_here
    [[ -n $file ]] && _files
  fi
}
compdef _holdfast holdfast
`;
}

function fishQuote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function fish(places: readonly Place[]): string {
  const lines = places.flatMap((place) => {
    const here = `-n ${fishQuote(`__holdfast_at ${fishQuote(place.path)}`)}`;
    return [
      ...place.words.map(
        ({ word, about }) =>
          `complete -c holdfast ${here} -f -a ${fishQuote(word)} -d ${fishQuote(about)}`,
      ),
      ...place.options.map((option) => {
        const value = option.takesValue ? (option.file ? ' -r -F' : ' -x') : '';
        const choices =
          option.choices.length > 0 ? ` -a ${fishQuote(option.choices.join(' '))}` : '';
        return `complete -c holdfast ${here} -l ${option.word.slice(2)}${value}${choices} -d ${fishQuote(option.about)}`;
      }),
      ...(place.file ? [`complete -c holdfast ${here} -F`] : []),
    ];
  });
  return `# fish completion of holdfast
function __holdfast_at
  set -l at ''
  set -l skip ''
  for word in (commandline -opc)[2..-1]
    if test -n "$skip"
      set skip ''
      continue
    end
    switch $word
      case ${valued(places).join(' ')}
        set skip 1
        continue
      case '-*'
        continue
    end
    set -l next (string trim -- "$at $word")
    if contains -- $next ${commandWords(places).map(fishQuote).join(' ')}
      set at $next
    end
  end
  test "$at" = "$argv[1]"
end
complete -c holdfast -f
${lines.join('\n')}
`;
}
