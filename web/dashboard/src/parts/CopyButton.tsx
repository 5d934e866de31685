// Copies text and says so in the button itself, without a toast.

import { Button, type ButtonProps } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { Icon } from "./Icon";

const SAID_MS = 2_000;

export function CopyButton({ text, label = "Copy", ...props }: { text: string; label?: string } & ButtonProps) {
  const clipboard = useClipboard({ timeout: SAID_MS });
  return (
    <Button
      size="xs"
      {...props}
      leftSection={<Icon name={clipboard.copied ? "check" : "copy"} size={14} />}
      onClick={() => clipboard.copy(text)}
    >
      <span aria-live="polite">
        {clipboard.error ? "Select and copy by hand" : clipboard.copied ? "Copied" : label}
      </span>
    </Button>
  );
}
