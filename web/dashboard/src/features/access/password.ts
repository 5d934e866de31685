// What a password must be, as the server asks for it.

export const PASSWORD_MIN = 10;

/** What is wrong with a new password, in words; nothing when it will do. */
export function newPasswordProblem(wanted: string, present: string): string | undefined {
  if (wanted.length < PASSWORD_MIN) return `Write at least ${PASSWORD_MIN} characters; a few words make a good one`;
  return wanted === present ? "Write another password than the present one" : undefined;
}
