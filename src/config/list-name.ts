/**
 * What a list may be called: kernel objects and files are named after lists, and 24 characters
 * leave room for what is put behind. Apart from the schema, so that commands without a
 * configuration do not load its parser.
 */
export const LIST_NAME = /^[a-z][a-z0-9_]{0,23}$/;
