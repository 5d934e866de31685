// A choice that this browser remembers, such as columns or views; without storage it lasts as long as the page.

import { useState } from "react";

export function useStored<T>(key: string, start: T): [T, (value: T) => void] {
  const [value, setValue] = useState<T>(() => read(key) ?? start);
  const keep = (next: T) => {
    setValue(next);
    try {
      localStorage.setItem(key, JSON.stringify(next));
    } catch {
      // Storage is full or switched off: the choice simply is not remembered.
    }
  };
  return [value, keep];
}

function read<T>(key: string): T | null {
  try {
    const text = localStorage.getItem(key);
    return text === null ? null : (JSON.parse(text) as T);
  } catch {
    return null;
  }
}
