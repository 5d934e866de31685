// One call flow: fetched, then drawn.

import { Button } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { Refused } from "../../../api/client";
import { Empty, Failure, Lines } from "../../../parts/Waiting";
import { Page } from "../../../shell/Page";
import { Builder } from "./Builder";
import { flowNodesQuery, flowQuery } from "./queries";

export default function FlowPage({ id }: { id: string }) {
  const client = useQueryClient();
  const flow = useQuery({
    ...flowQuery(id),
    retry: (failures, error) => !(error instanceof Refused && error.status === 404) && failures < 2,
  });
  const kinds = useQuery(flowNodesQuery());
  // Another draft to begin with is another builder.
  const [times, setTimes] = useState(0);
  const reload = async () => {
    await client.refetchQueries({ queryKey: ["flow", id], exact: true });
    setTimes((before) => before + 1);
  };
  // An old answer from the last visit of this page is no draft to go on with.
  const fresh = flow.data && (flow.isFetchedAfterMount || times > 0);
  if (fresh && flow.data && kinds.data)
    return <Builder key={times} flow={flow.data} kinds={kinds.data} reload={() => void reload()} />;

  const missing = flow.error instanceof Refused && flow.error.status === 404;
  const failed = [flow, kinds].find((query) => query.isError);
  return (
    <Page title="Call flow" above={{ name: "Call flows", path: "/flows" }}>
      {missing ? (
        <Empty
          title="There is no such call flow here"
          action={
            <Button variant="filled" component={Link} href="/flows">
              See the call flows
            </Button>
          }
        >
          It was deleted, belongs to another account, or its address is not complete.
        </Empty>
      ) : failed ? (
        <Failure
          title="The call flow did not arrive"
          error={failed.error}
          retry={() => void failed.refetch()}
          busy={failed.isFetching}
        />
      ) : (
        <Lines />
      )}
    </Page>
  );
}
