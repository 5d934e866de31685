// Words for what a visitor allowed.

const levels: Record<string, string> = {
  none: "nothing stored",
  memory: "this visit only",
  storage: "remembered",
};

/** The consent of a session in words. */
export function consentWords(level: string): string {
  return levels[level] ?? level;
}
