// Before the first lead: what is needed, and the one command that sends one.

import { Button } from "@mantine/core";
import { Link } from "wouter";
import { CopyButton } from "../../parts/CopyButton";
import { Empty } from "../../parts/Waiting";

/** A lead that never reaches a buyer, money or a cap; its ZIP code says that it is sold. */
export function firstLead(server: string): string {
  return [
    `curl -s ${server}/in/lead \\`,
    `  -H "Authorization: Bearer $KEY" \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -d '{"phone": "(214) 555-0100", "zip": "90100", "first_name": "Ann", "test": true}'`,
  ].join("\n");
}

export function FirstLead({ feeds, importing }: { feeds: number; importing?: () => void }) {
  const text = firstLead(location.origin);
  return (
    <>
      <Empty
        title="No leads yet"
        action={
          <>
            <Button component={Link} href={feeds ? "/campaigns" : "/publishers"} variant="filled">
              {feeds ? "Go to the campaigns" : "Add a publisher with a feed"}
            </Button>
            {importing && <Button onClick={importing}>Import a table</Button>}
          </>
        }
      >
        Forms, posts and pings of publishers show up here: what each said, who was asked, who has it and at what price. A lead
        needs a campaign with fields and a feed for it; the feed’s secret key is shown when the feed is made. Put the key into the
        command below: it sends a test, which reaches no buyer, money or cap.
      </Empty>
      <div className="code first-lead">
        <header>
          <span className="small soft grow">Send your first lead</span>
          <CopyButton text={text} />
        </header>
        <pre tabIndex={0} role="region" aria-label="Command that sends a lead">
          {text}
        </pre>
      </div>
    </>
  );
}
