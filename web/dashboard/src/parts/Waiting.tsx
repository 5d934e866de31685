// The three states of a query beside its data: waiting, failing (with the last figures kept), empty.

import { Button } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { words } from "../api/client";
import { At } from "./When";
import { Icon } from "./Icon";

export function Lines({ rows = 6 }: { rows?: number }) {
  const widths = [92, 74, 83, 60, 88, 70];
  return (
    <div className="sks" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="sk" style={{ width: `${widths[row % widths.length]}%` }} />
      ))}
    </div>
  );
}

type FailureProps = { title?: string; error: unknown; shownAt?: number; retry: () => void; busy?: boolean };

export function Failure({ title = "The figures did not arrive", error, shownAt, retry, busy }: FailureProps) {
  return (
    <div className="note bad" role="alert">
      <Icon name="bad" />
      <div className="grow">
        <div className="med">{title}</div>
        <div className="small soft">
          {shownAt ? (
            <>
              Shown: <At at={shownAt} />.{" "}
            </>
          ) : null}
          {words(error)}
        </div>
      </div>
      <Button size="xs" onClick={retry} loading={busy}>
        Try now
      </Button>
    </div>
  );
}

type LoadedProps<T> = { query: UseQueryResult<T>; rows?: number; title?: string; children: (data: T) => ReactNode };

/** Shows a query's data; while it fails, the last data stay below the notice. */
export function Loaded<T>({ query, rows, title, children }: LoadedProps<T>) {
  const failure = query.isError && (
    <Failure
      title={title}
      error={query.error}
      shownAt={query.data === undefined ? undefined : query.dataUpdatedAt}
      retry={() => void query.refetch()}
      busy={query.isFetching}
    />
  );
  if (query.data === undefined) return failure || <Lines rows={rows} />;
  return (
    <>
      {failure}
      {children(query.data)}
    </>
  );
}

/** Says what will be here and gives the one action that fills it. */
export function Empty({ title, children, action }: { title: string; children: ReactNode; action?: ReactNode }) {
  return (
    <div className="empty">
      <span className="med strong">{title}</span>
      <span className="soft">{children}</span>
      {action && <div className="actions">{action}</div>}
    </div>
  );
}
