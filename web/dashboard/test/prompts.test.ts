import { describe, expect, it } from "vitest";
import { FILE_BYTES_MAX, fileProblem, nameOf, soundType } from "../src/features/call/prompts/prompts";

const file = (name: string, type = "", size = 1_000) => ({ name, type, size });

describe("a file for the library of sounds", () => {
  it.each([
    ["greeting.wav", "", "audio/wav"],
    // Browsers of one system call the same file by different names: its ending decides.
    ["greeting.WAV", "audio/x-wav", "audio/wav"],
    ["greeting.mp3", "audio/mp3", "audio/mpeg"],
    ["memo.m4a", "audio/x-m4a", "audio/mp4"],
    ["memo.aac", "", "audio/aac"],
    ["memo", "audio/ogg", "audio/ogg"],
    ["notes.txt", "text/plain", undefined],
    ["film.mp4", "video/mp4", undefined],
  ])("%s is sent as what it is", (name, type, sent) => {
    expect(soundType(file(name, type))).toBe(sent);
  });

  it("says before it is sent what would be refused", () => {
    expect(fileProblem(file("greeting.wav"))).toBeUndefined();
    expect(fileProblem(file("notes.txt", "text/plain"))).toMatch(/choose a WAV, MP3 or AAC/);
    expect(fileProblem(file("greeting.wav", "", FILE_BYTES_MAX + 1))).toMatch(/26\.2 MB; choose one of at most 26\.2 MB/);
    expect(fileProblem(file("greeting.wav", "", 0))).toBe("The file is empty.");
  });

  it("gets its first name from the file", () => {
    expect(nameOf("summer_greeting-2.final.mp3")).toBe("Summer greeting 2.final");
    expect(nameOf(".wav")).toBe("Sound");
    expect(nameOf(`${"x".repeat(200)}.wav`)).toHaveLength(120);
  });
});
