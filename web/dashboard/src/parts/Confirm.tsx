// A question before anything that deletes or costs: what will happen, and two ways out.

import { Button, Modal } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { words } from "../api/client";

type ConfirmProps = {
  opened: boolean;
  close: () => void;
  title: string;
  act: string;
  run: () => Promise<unknown>;
  done?: () => void;
  children: ReactNode;
};

export function Confirm({ opened, close, title, act, run, done, children }: ConfirmProps) {
  const action = useMutation({
    mutationFn: run,
    onSuccess: () => {
      close();
      done?.();
    },
  });
  return (
    <Modal opened={opened} onClose={close} title={title} closeButtonProps={{ "aria-label": "Close" }}>
      <div className="stack">
        <div className="soft">{children}</div>
        {action.isError && (
          <p className="bad" role="alert">
            {words(action.error)}
          </p>
        )}
        <div className="row">
          <Button className="danger" loading={action.isPending} onClick={() => action.mutate()}>
            {act}
          </Button>
          <Button variant="subtle" onClick={close}>
            Keep it
          </Button>
        </div>
      </div>
    </Modal>
  );
}
