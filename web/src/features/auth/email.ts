/** What is wrong with an email address at first sight, or null; the server has the last word. */
export function emailProblem(text: string): string | null {
  const looksRight = /^[^@\s]{1,64}@[^@\s]{1,189}$/.test(text.trim());
  return looksRight ? null : "Enter an email address, such as ada@example.com.";
}
