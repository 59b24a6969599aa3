export const PASSWORD_MIN = 10;
export const PASSWORD_MAX = 256;

/** The whole rule, as the server applies it; shown before anything is typed. */
export const PASSWORD_RULE = `At least ${PASSWORD_MIN} characters of any kind; a few words in a row do well.`;

/** What is wrong with a new password, or null. */
export function passwordProblem(password: string): string | null {
  if (password === "") return "Choose a password.";
  const length = [...password].length;
  if (length < PASSWORD_MIN) {
    const missing = PASSWORD_MIN - length;
    return `${missing} more ${missing === 1 ? "character" : "characters"}, please.`;
  }
  if (length > PASSWORD_MAX) return `At most ${PASSWORD_MAX} characters.`;
  return null;
}
