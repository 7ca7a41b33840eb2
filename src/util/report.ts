/** Where a thing is said to the person who runs a service. */
export type Report = (level: 'error' | 'warning' | 'info', text: string) => void;
