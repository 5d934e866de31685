// The secret key of a feed, in the one moment in which it can be seen.

import { CopyButton } from "../../parts/CopyButton";
import { Icon } from "../../parts/Icon";
import type { Feed } from "./queries";

export function KeyShown({ feed, secret }: { feed: Feed; secret: string }) {
  return (
    <div className="note ok" role="status">
      <Icon name="key" />
      <div className="grow">
        <div className="med">Secret key for {feed.publisher_name}: copy it now, it is not shown again</div>
        <code className="break">{secret}</code>
      </div>
      <CopyButton text={secret} />
    </div>
  );
}
