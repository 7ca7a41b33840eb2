/** What a client of a session for show says; nobody gets mail from it. */
export function sessionScript(hostName: string): string {
  return `EHLO doctor.invalid\r\nMAIL FROM:<>\r\nRCPT TO:<root@${hostName}>\r\nQUIT\r\n`;
}

/** The answer to RCPT, or the first refusal before it. */
export function sessionReply(stdout: string): string {
  const replies = [...stdout.matchAll(/^(\d{3}) (.*)$/gm)].map(([line]) => line);
  const refusal = replies.find((line) => /^[45]/.test(line));
  // banner, EHLO, MAIL, RCPT
  return refusal ?? replies[3] ?? '(no answer)';
}
