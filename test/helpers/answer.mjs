/* The agents' side of agent.ts. */
import { createInterface } from 'node:readline';

/** Answers every request by the function that `do` names, any number of them at a time. */
export function answerRequests(functions) {
  createInterface({ input: process.stdin }).on('line', async (line) => {
    const { id, do: name, ...request } = JSON.parse(line);
    let answer;
    try {
      answer = { id, result: (await functions[name](request)) ?? null };
    } catch (error) {
      answer = { id, error: error instanceof Error ? error.message : String(error) };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  });
}
