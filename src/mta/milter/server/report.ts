/** Where a service's lines go. */
export type Report = (level: 'info' | 'warning' | 'error', text: string) => void;
