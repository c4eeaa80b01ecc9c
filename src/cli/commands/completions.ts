import type { CommandSpec } from './spec.ts';

export const completions: CommandSpec = {
  usage: 'completions <shell>',
  summary: 'print completions for your shell',
  argumentChoices: ['bash', 'zsh', 'fish'],
  more: `bash: holdfast completions bash > ~/.local/share/bash-completion/completions/holdfast
zsh:  holdfast completions zsh > "\${fpath[1]}/_holdfast"
fish: holdfast completions fish > ~/.config/fish/completions/holdfast.fish`,
  examples: ['completions bash', 'completions zsh', 'completions fish'],
  async run(desk, [shell = '']) {
    const [{ CHAPTERS }, { GLOBAL_OPTIONS }, { completionScript, isShell }] = await Promise.all([
      import('../tree.ts'),
      import('../parser.ts'),
      import('../completion-script.ts'),
    ]);
    if (!isShell(shell)) return;
    const script = completionScript(shell, CHAPTERS, GLOBAL_OPTIONS);
    if (desk.json) desk.show({ shell, script }, () => {});
    else desk.io.stdout(script);
  },
};
