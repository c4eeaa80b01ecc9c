/** The files of actions that come with the program, below `src/catalogue/actions`. */
export const SHIPPED_FILES = ['file.yaml', 'host.yaml', 'look.yaml', 'service.yaml'] as const;
