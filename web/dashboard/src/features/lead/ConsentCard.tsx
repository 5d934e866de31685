// The record of consent of a lead: the words that were shown, where and when, and whether it is still what was signed.

import { Card } from "../../parts/Card";
import { StateWord } from "../../parts/State";
import { At } from "../../parts/When";
import type { LeadDetail } from "./words";

export function ConsentCard({ consent }: { consent: LeadDetail["consent"] }) {
  if (!consent)
    return (
      <Card title="Consent" lined>
        <p className="pad dim">
          No record of our own. Forms that send the words of consent in <code>consent_text</code> get one.
        </p>
      </Card>
    );
  return (
    <Card
      title="Consent"
      lined
      right={
        consent.intact ? (
          <StateWord tone="ok">As it was signed</StateWord>
        ) : (
          <StateWord tone="bad">Not what was signed</StateWord>
        )
      }
    >
      <blockquote className="consent-words">
        {consent.text || <span className="dim">The words were too long to be kept; their hash is.</span>}
      </blockquote>
      <dl className="facts pad card-line">
        <dt>Given</dt>
        <dd className="tel">
          <At at={consent.given_at} />
        </dd>
        {consent.page_url && (
          <>
            <dt>On the page</dt>
            <dd>{consent.page_url}</dd>
          </>
        )}
        {consent.sellers.length > 0 && (
          <>
            <dt>To</dt>
            <dd>{consent.sellers.join(", ")}</dd>
          </>
        )}
        {consent.ip && (
          <>
            <dt>From the address</dt>
            <dd>{consent.ip}</dd>
          </>
        )}
        {consent.user_agent && (
          <>
            <dt>With the browser</dt>
            <dd>{consent.user_agent}</dd>
          </>
        )}
        <dt>In the chain</dt>
        <dd>number {consent.number}</dd>
      </dl>
      <details className="pad card-line small">
        <summary>Hashes and signature</summary>
        <dl className="hashes">
          <dt>Words</dt>
          <dd>
            <code className="break">{consent.text_sha256}</code>
          </dd>
          <dt>Record</dt>
          <dd>
            <code className="break">{consent.hash_sha256}</code>
          </dd>
          <dt>Record before</dt>
          <dd>
            <code className="break">{consent.previous_sha256}</code>
          </dd>
          <dt>Signature (Ed25519)</dt>
          <dd>
            <code className="break">{consent.signature}</code>
          </dd>
          <dt>Public key</dt>
          <dd>
            <code className="break">{consent.public_key}</code>
          </dd>
        </dl>
      </details>
    </Card>
  );
}
