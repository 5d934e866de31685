// Flows to begin with: each is whole, and its author changes the words and the numbers.

import type { FlowDocument } from "./document";

export type Start = { id: string; name: string; means: string; document: (zone: string) => FlowDocument };

const lines = [
  { to: "business_line", ring_timeout_s: 30 },
  { to: "second_line", ring_timeout_s: 30 },
];
const message = {
  kind: "voicemail",
  greeting: { text: "Nobody can take your call right now. Please leave your name and number after the tone." },
  max_s: 120,
  silence_s: 5,
  beep: true,
} as const;

export const starts: Start[] = [
  {
    id: "forward",
    name: "Forward",
    means: "Rings the business line, then the second line",
    document: () => ({
      schema: 1,
      start: "Ring the business",
      nodes: { "Ring the business": { kind: "dial", destinations: lines } },
    }),
  },
  {
    id: "menu",
    name: "Greeting and menu",
    means: "Says hello, asks for a key, and rings whom the key stands for",
    document: () => ({
      schema: 1,
      start: "Greeting",
      nodes: {
        Greeting: {
          kind: "recording_notice",
          text: "Thank you for calling. This call may be recorded.",
          consent: "announce",
          on: { done: "Menu" },
        },
        Menu: {
          kind: "menu",
          text: "Press 1 for a new job, or 2 for anything else.",
          choices: { "1": "Ring sales", "2": "Ring the office" },
          timeout_s: 5,
          tries: 2,
          barge_in: true,
          on: { default: "Ring the office" },
        },
        "Ring sales": {
          kind: "dial",
          destinations: [{ to: "business_line", ring_timeout_s: 30 }],
          on: { default: "Ring the office" },
        },
        "Ring the office": { kind: "dial", destinations: lines, on: { default: "Take a message" } },
        "Take a message": message,
      },
    }),
  },
  {
    id: "hours",
    name: "Opening hours and voicemail",
    means: "Rings while you are open, and takes a message when you are closed or busy",
    document: (zone) => ({
      schema: 1,
      start: "Opening hours",
      nodes: {
        "Opening hours": {
          kind: "schedule",
          zone,
          weekly: [{ days: ["mon", "tue", "wed", "thu", "fri"], from: "08:00", to: "18:00" }],
          on: { open: "Ring the business", closed: "Take a message" },
        },
        "Ring the business": { kind: "dial", destinations: lines, on: { default: "Take a message" } },
        "Take a message": message,
      },
    }),
  },
  {
    id: "together",
    name: "Ring together, press 1",
    means: "Rings both lines at once; whoever presses 1 first has the call",
    document: () => ({
      schema: 1,
      start: "Ring together",
      nodes: {
        "Ring together": {
          kind: "dial",
          strategy: "simultaneous",
          destinations: lines,
          whisper: { text: "A call from your website. Press 1 to take it." },
          accept: { digit: "1", tries: 2 },
          on: { default: "Take a message" },
        },
        "Take a message": message,
      },
    }),
  },
];
