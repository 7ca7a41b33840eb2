import * as z from 'zod';

/*
 * Loaded before any schema is made. To write and compile functions for each, as zod does by
 * itself, takes longer than to walk through the schema of a configuration that is read once.
 */
z.config({ jitless: true });
