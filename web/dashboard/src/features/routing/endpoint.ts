// What can be said of an endpoint document before the server looks at it.

/** What keeps an endpoint document from being sent, or nothing. */
export function endpointProblem(text: string): string | undefined {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return text.trim()
      ? `This is not JSON: ${error instanceof Error ? error.message : "it cannot be read"}`
      : "Write how its server is spoken to, or begin from a known shape";
  }
  if (typeof document !== "object" || document === null || Array.isArray(document)) return "Write a JSON object, in { and }";
  return undefined;
}

/** Settings of a document that are still empty, by their names. */
export function emptySettings(text: string): string[] {
  try {
    const { settings } = JSON.parse(text) as { settings?: Record<string, unknown> };
    return Object.entries(settings ?? {})
      .filter(([, value]) => value === "")
      .map(([name]) => name);
  } catch {
    return [];
  }
}
