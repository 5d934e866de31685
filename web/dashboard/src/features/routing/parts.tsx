// What the distribution pages share: a state in a word, the switch that pauses, putting away, and a dialog with a form.

import { Button, Modal, Switch } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { words } from "../../api/client";
import { Confirm } from "../../parts/Confirm";
import { StateWord } from "../../parts/State";
import { useMay } from "../access/session";
import { useRefresh } from "./queries";

type Pausable = { paused: boolean; archived_at?: number | null };

/** Whether something is live, paused by hand or by its terms, or put away. */
export function ThingState({ of, byTerms, idle }: { of: Pausable; byTerms?: boolean; idle?: string }) {
  if (of.archived_at)
    return (
      <StateWord tone="off">
        <span className="soft">put away</span>
      </StateWord>
    );
  if (of.paused || byTerms) return <StateWord tone="warn">{of.paused ? "paused" : "paused by its terms"}</StateWord>;
  if (idle)
    return (
      <StateWord tone="off">
        <span className="soft">{idle}</span>
      </StateWord>
    );
  return <StateWord tone="ok">live</StateWord>;
}

/** The switch that pauses something, told as what it does now. */
export function PauseSwitch({ paused, set, what }: { paused: boolean; set: (paused: boolean) => Promise<unknown>; what: string }) {
  const refresh = useRefresh();
  const may = useMay();
  const pausing = useMutation({ mutationFn: set, onSuccess: refresh });
  return (
    <span className="row tight pause">
      <Switch
        label={paused ? "Paused" : "Live"}
        aria-label={`${what} is live`}
        checked={!(pausing.isPending ? pausing.variables : paused)}
        disabled={!may.write || pausing.isPending}
        onChange={(event) => pausing.mutate(!event.currentTarget.checked)}
      />
      {pausing.isError && (
        <span className="bad small" role="alert">
          {words(pausing.error)}
        </span>
      )}
    </span>
  );
}

type AwayProps = {
  name: string;
  archived: boolean;
  run: (archived: boolean) => Promise<unknown>;
  done?: () => void;
  children: ReactNode;
};

/** Puts something away after a question; takes it out again without one. */
export function PutAway({ name, archived, run, done, children }: AwayProps) {
  const [asking, setAsking] = useState(false);
  const refresh = useRefresh();
  const may = useMay();
  const out = useMutation({ mutationFn: () => run(false), onSuccess: refresh });
  if (!may.write) return null;
  if (archived)
    return (
      <>
        {out.isError && (
          <span className="bad small" role="alert">
            {words(out.error)}
          </span>
        )}
        <Button size="xs" loading={out.isPending} onClick={() => out.mutate()}>
          Take it out again
        </Button>
      </>
    );
  return (
    <>
      <Button size="xs" className="danger" onClick={() => setAsking(true)}>
        Put away
      </Button>
      <Confirm
        opened={asking}
        close={() => setAsking(false)}
        title={`Put ${name} away?`}
        act="Put it away"
        run={async () => {
          await run(true);
          await refresh();
        }}
        done={done}
      >
        {children}
      </Confirm>
    </>
  );
}

/** A dialog whose form is new each time it opens. */
export function FormDialog({
  opened,
  close,
  title,
  size,
  children,
}: {
  opened: boolean;
  close: () => void;
  title: string;
  size?: number;
  children: ReactNode;
}) {
  return (
    <Modal opened={opened} onClose={close} title={title} size={size} closeButtonProps={{ "aria-label": "Close" }}>
      {opened && children}
    </Modal>
  );
}

/** The foot of a dialog's form: what went wrong, send, and leave. */
export function FormFoot({
  failure,
  busy,
  act,
  close,
}: {
  failure: string | null;
  busy: boolean;
  act: string;
  close?: () => void;
}) {
  return (
    <>
      {failure && (
        <p className="bad" role="alert">
          {failure}
        </p>
      )}
      <div className="actions">
        <Button type="submit" variant="filled" loading={busy}>
          {act}
        </Button>
        {close && (
          <Button variant="subtle" onClick={close}>
            Cancel
          </Button>
        )}
      </div>
    </>
  );
}
