// The members of the account: who they are, and taking one out of it.

import { Button } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Schema } from "@trunkline/api-client";
import { api, take } from "../../api/client";
import { Card } from "../../parts/Card";
import { Confirm } from "../../parts/Confirm";
import { Empty, Loaded } from "../../parts/Waiting";
import { Ago } from "../../parts/When";
import { meKey, useMay } from "./session";

type Member = Schema<"Member">;

const key = ["members"];

export function Members() {
  const may = useMay();
  const members = useQuery({
    queryKey: key,
    queryFn: async () => (await take(api.GET("/api/v1/members"))).items,
    enabled: may.own,
  });
  if (!may.own)
    return <Empty title="Members are the owner's">Only an owner of the account sees its members and removes them.</Empty>;
  return (
    <Card title="Members" lined>
      <Loaded query={members} rows={3} title="The members did not arrive">
        {(items) => <List members={items} />}
      </Loaded>
      <p className="pad small dim">
        Whoever runs the server adds members with <code>trunkline user add</code>.
      </p>
    </Card>
  );
}

function List({ members }: { members: Member[] }) {
  const queries = useQueryClient();
  const [leaver, setLeaver] = useState<Member | null>(null);
  const owners = members.filter((each) => each.role === "owner").length;
  return (
    <>
      <ul className="rows">
        {members.map((each) => (
          <li key={each.id}>
            <div className="row">
              <span className="two grow">
                <span className="med cut">
                  {each.name} {each.own && <span className="dim">(you)</span>}
                </span>
                <span className="sub cut">
                  {each.name === each.email ? "" : `${each.email}, `}
                  {each.role}
                  {each.operator ? ", runs the server" : ""}
                </span>
              </span>
              <span className="small dim wide-only">
                since <Ago at={each.created_at} />
              </span>
              {each.role === "owner" && owners === 1 ? (
                <span className="small dim">the only owner</span>
              ) : (
                <Button
                  size="xs"
                  className="danger"
                  aria-label={`Remove ${each.name}`}
                  onClick={() => setLeaver(each)}
                >
                  Remove
                </Button>
              )}
            </div>
          </li>
        ))}
      </ul>
      <Confirm
        opened={leaver !== null}
        close={() => setLeaver(null)}
        title={`Remove ${leaver?.name ?? "the member"}?`}
        act="Remove the member"
        run={() => take(api.DELETE("/api/v1/members/{id}", { params: { path: { id: leaver?.id ?? "" } } }))}
        done={() => void queries.invalidateQueries({ queryKey: leaver?.own ? meKey : key })}
      >
        They are signed out of this account at once. What they have set up stays.
      </Confirm>
    </>
  );
}
