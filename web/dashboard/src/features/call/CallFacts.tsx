// The plain facts of a call: who was rung and how it went, the source in full, how it ended, how it sounded.

import { Link } from "wouter";
import { national, plural } from "../../base/figures";
import { minutesSeconds } from "../../base/time";
import { Card } from "../../parts/Card";
import { StateWord, type Tone } from "../../parts/State";
import { At } from "../../parts/When";
import { decidedBy, resultStatus, sentence, type CallDetail } from "./words";

export function Attempts({ call }: { call: CallDetail }) {
  return (
    <Card
      title="Who was rung"
      level={3}
      lined
      right={attemptWords(call.attempts)}
    >
      {call.attempts.length === 0 ? (
        <p className="pad soft">{call.state === "ended" ? "Nobody was dialled for this call." : "Nobody yet."}</p>
      ) : (
        <ul className="rows">
          {call.attempts.map((attempt, i) => {
            const status = attemptStatus(attempt.result);
            return (
              <li key={i}>
                <div className="row between">
                  <span className="two">
                    <span className="med tel">{attempt.destination_display ?? "Destination"}</span>
                    <span className="sub">
                      <At at={attempt.started_at} />
                    </span>
                  </span>
                  <span className="two num" style={{ justifyItems: "end", maxWidth: "60%" }}>
                    <span className="med">
                      <StateWord tone={status.tone}>{status.word}</StateWord>
                    </span>
                    <span className="sub">
                      {attempt.refusal ? sentence(attempt.refusal) : `rang ${attempt.ring_seconds} s`}
                      {attempt.sip_status ? `, SIP ${attempt.sip_status}` : ""}
                    </span>
                  </span>
                </div>
              </li>
            );
          })}
        </ul>
      )}
    </Card>
  );
}

function attemptWords(attempts: CallDetail["attempts"]): string | undefined {
  const rung = attempts.filter((attempt) => !attempt.refusal).length;
  return rung > 1 ? `${rung} attempts` : undefined;
}

function attemptStatus(result: string | null | undefined): { tone: Tone; word: string } {
  if (!result) return { tone: "live", word: "Ringing" };
  if (result === "refused") return { tone: "off", word: "Not dialled" };
  return result === "answered" ? { tone: "ok", word: "Took the call" } : resultStatus(result);
}

export function SourceFacts({ call }: { call: CallDetail }) {
  const source = call.source;
  const rows: [string, string | null | undefined][] = [
    ["Channel", source?.channel_label],
    ["Source and medium", [source?.source, source?.medium].filter(Boolean).join(" / ")],
    ["Campaign", source?.ad_campaign],
    ["Term", source?.term],
    ["Content", source?.content],
  ];
  const known = rows.filter(([, value]) => value);
  return (
    <Card title="Where from" level={3} lined right={source?.label}>
      <dl className="facts pad">
        {known.map(([name, value]) => (
          <Fact key={name} name={name}>
            {value}
          </Fact>
        ))}
        {source && <Fact name="Decided by">{decidedBy(source)}</Fact>}
        {call.session && (
          <Fact name="Visit">
            <Link href={`/visitors/${call.session}`}>Open the visit</Link>
          </Fact>
        )}
        {!known.length && <Fact name="Source">{call.result === "blocked" ? "None: a blocked call is credited to no source" : "Not known for this call"}</Fact>}
      </dl>
    </Card>
  );
}

export function CallFacts({ call }: { call: CallDetail }) {
  return (
    <Card title="The call" level={3} lined>
      <dl className="facts wide pad">
        <Fact name="Number dialled">
          {call.number.number_display}, {kindWords[call.number.kind] ?? call.number.kind}
        </Fact>
        {call.site && (
          <Fact name="Site">
            <Link href={`/sites/${call.site.id}`}>{call.site.name}</Link>
          </Fact>
        )}
        {call.flow && (
          <Fact name="Call flow">
            <Link href={`/flows/${call.flow.id}`}>{call.flow.name}</Link>, version {call.flow.version},{" "}
            {plural(call.flow.depth, "step")}
          </Fact>
        )}
        {call.answered_at && call.destination_display && <Fact name="Connected to">{call.destination_display}</Fact>}
        <Fact name="Rang">{rangWords(call)}</Fact>
        {call.tags.map((tag) => (
          <Fact key={tag.name} name={tagName(tag.name)}>
            {tag.value}
          </Fact>
        ))}
        <Fact name="Talked">{call.answered_at ? minutesSeconds(call.talk_seconds) : "not at all"}</Fact>
        {call.end && <Fact name="Ended by">{endWords(call.end)}</Fact>}
        {call.quality && (
          <Fact name="Line quality">
            {qualityWord(call.quality.mos)}: jitter {Math.round(call.quality.jitter_ms)} ms, loss{" "}
            {call.quality.loss_percent.toFixed(1)}%
          </Fact>
        )}
        {call.verstat && <Fact name="Caller's number">{verstats[call.verstat] ?? call.verstat}</Fact>}
        {call.diversion && <Fact name="Forwarded by">{national(call.diversion)}</Fact>}
        {call.attestation && <Fact name="Caller attested">{attestations[call.attestation] ?? call.attestation}</Fact>}
        <Fact name="Call id">
          <code>{call.id}</code>
        </Fact>
      </dl>
    </Card>
  );
}

/** What came of the carrier's check of the caller's number. */
const verstats: Record<string, string> = {
  passed: "checked by the carrier, right",
  failed: "checked by the carrier, may be forged",
  unchecked: "not checked by the carrier",
};
/** STIR/SHAKEN levels in words (RFC 8588). */
const attestations: Record<string, string> = {
  A: "A, fully",
  B: "B, the customer but not the number",
  C: "C, only the way in",
};
const kindWords: Record<string, string> = { pool: "from a pool", source: "of one source", static: "the same for all" };

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** "(214) 555-0190, 0:25": which line rang where nobody took the call, and for how long. */
function rangWords(call: CallDetail): string {
  if (call.dialled_at == null) return call.state === "ended" ? "nobody" : "nobody yet";
  const time = call.ring_seconds == null ? "ringing" : minutesSeconds(call.ring_seconds);
  return !call.answered_at && call.destination_display ? `${call.destination_display}, ${time}` : time;
}

/** A tag as a label: "zip" is what a step that asks for it calls it. */
function tagName(name: string): string {
  return name === "zip" ? "ZIP code" : `Tag ${name}`;
}

function endWords(end: NonNullable<CallDetail["end"]>): string {
  const codes = [end.sip_status ? `SIP ${end.sip_status}` : "", end.q850 ? `cause ${end.q850}` : ""].filter(Boolean);
  const who = sentence(end.by).toLowerCase();
  const reason = sentence(end.reason).toLowerCase();
  return `${who}, ${reason}${codes.length ? ` (${codes.join(", ")})` : ""}`;
}

/** Words for a mean opinion score of 1 to 4.5 (ITU-T G.107 maps it from delay, jitter and loss). */
function qualityWord(mos: number): string {
  if (mos >= 4) return "good";
  return mos >= 3.5 ? "fair" : "poor";
}
