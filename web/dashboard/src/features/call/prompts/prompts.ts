// The library of sounds: what is asked of the API, and what a file must be before it is sent.

import { queryOptions } from "@tanstack/react-query";
import type { Schema } from "@trunkline/api-client";
import { api, Refused, take } from "../../../api/client";
import { bytes } from "../../../base/figures";

export type Prompt = Schema<"Prompt">;

/** Sounds that are fetched at once; the server gives at most so many. */
const LISTED_MAX = 500;
/** Largest file that is sent; the server has the last word. */
export const FILE_BYTES_MAX = 25 * 1024 * 1024;
const NAME_MAX = 120;

export const promptsQuery = () =>
  queryOptions({
    queryKey: ["prompts"],
    queryFn: async () => (await take(api.GET("/api/v1/prompts", { params: { query: { limit: LISTED_MAX } } }))).items,
  });

export const audioOf = (id: string) => `/api/v1/prompts/${encodeURIComponent(id)}/audio`;

export const rename = (id: string, name: string) =>
  take(api.PATCH("/api/v1/prompts/{id}", { params: { path: { id } }, body: { name } }));

export const remove = (id: string) => take(api.DELETE("/api/v1/prompts/{id}", { params: { path: { id } } }));

/** What a text sounds like, as an address for a player; give it back with `URL.revokeObjectURL`. */
export async function preview(text: string, voice?: string, language?: string): Promise<string> {
  const sound = await take(
    api.POST("/api/v1/prompts/preview", { body: { text, voice, language }, parseAs: "blob" }),
  );
  return URL.createObjectURL(sound as unknown as Blob);
}

/** The content type to send for a file: what the browser says, or what its name ends in. */
export function soundType(file: { name: string; type: string }): string | undefined {
  const known: Record<string, string> = {
    wav: "audio/wav",
    mp3: "audio/mpeg",
    aac: "audio/aac",
    m4a: "audio/mp4",
  };
  const ending = known[file.name.split(".").at(-1)?.toLowerCase() ?? ""];
  return ending ?? (file.type.startsWith("audio/") ? file.type : undefined);
}

/** Why a file cannot be sent, or nothing. */
export function fileProblem(file: { name: string; type: string; size: number }): string | undefined {
  if (!soundType(file)) return "This is no sound file; choose a WAV, MP3 or AAC file.";
  if (file.size > FILE_BYTES_MAX) return `The file has ${bytes(file.size)}; choose one of at most ${bytes(FILE_BYTES_MAX)}.`;
  return file.size === 0 ? "The file is empty." : undefined;
}

/** "Summer greeting" for "summer_greeting.mp3". */
export function nameOf(file: string): string {
  const bare = file.replace(/\.[^.]*$/, "").replace(/[_-]+/g, " ").trim();
  return (bare.charAt(0).toUpperCase() + bare.slice(1)).slice(0, NAME_MAX) || "Sound";
}

/** Sends a file; `progress` hears the share that has gone out. Fetch cannot tell it, so this asks as pages of old did. */
export function upload(file: File, name: string, progress: (share: number) => void): Promise<Prompt> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/api/v1/prompts?name=${encodeURIComponent(name)}`);
    request.setRequestHeader("content-type", soundType(file) ?? "audio/wav");
    request.responseType = "json";
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.onload = () => {
      if (request.status < 300) return resolve(request.response as Prompt);
      const problem = (request.response ?? {}) as Partial<Schema<"Problem">>;
      const said = problem.detail || problem.title || `The server answered with status ${request.status}.`;
      reject(new Refused(request.status, said, problem.field ?? null));
    };
    request.onerror = () =>
      reject(new Refused(0, "The file did not arrive. Check the connection and send it again.", null));
    request.send(file);
  });
}
