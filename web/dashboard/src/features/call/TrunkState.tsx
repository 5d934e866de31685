// How a trunk is: whether it answers, and where its registration stands, as a shape, words and a colour.

import { StateWord } from "../../parts/State";
import { Ago } from "../../parts/When";
import { type Condition, healthOf, registrationOf, type Trunk } from "./trunk";

export function TrunkState({ trunk }: { trunk: Trunk }) {
  const registration = registrationOf(trunk);
  const since = trunk.health.state === "failing" ? trunk.health.since : null;
  return (
    <div className="stack close">
      {registration && <Line condition={registration} />}
      {trunk.dials ? (
        <Line condition={healthOf(trunk.health)} since={since} />
      ) : (
        <span className="dim">only takes calls in</span>
      )}
    </div>
  );
}

function Line({ condition, since }: { condition: Condition; since?: number | null }) {
  return (
    <div>
      <StateWord tone={condition.tone}>
        {condition.word}
        {since != null && (
          <>
            {" "}
            (<Ago at={since} />)
          </>
        )}
      </StateWord>
      {condition.detail && <p className="small soft break">{condition.detail}</p>}
    </div>
  );
}
