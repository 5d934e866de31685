// The form of a step, by its kind.

import type { FlowNode } from "../document";
import { ChallengeForm, GatherForm, MenuForm, NoticeForm, PlayForm, SayForm, SurveyForm, ZipForm } from "./asking";
import { BranchForm } from "./BranchForm";
import { HangUpForm, HoursForm, SplitterForm, TagForm, WebhookForm } from "./deciding";
import type { FormProps } from "./fields";
import { DialForm, RouteForm, VoicemailForm } from "./ringing";

type StepFormProps = Omit<FormProps, "node"> & { node: FlowNode };

export function StepForm({ node, ...rest }: StepFormProps) {
  switch (node.kind) {
    case "say":
      return <SayForm node={node} {...rest} />;
    case "play":
      return <PlayForm node={node} {...rest} />;
    case "recording_notice":
      return <NoticeForm node={node} {...rest} />;
    case "menu":
      return <MenuForm node={node} {...rest} />;
    case "gather":
      return <GatherForm node={node} {...rest} />;
    case "collect_zip":
      return <ZipForm node={node} {...rest} />;
    case "survey":
      return <SurveyForm node={node} {...rest} />;
    case "challenge":
      return <ChallengeForm node={node} {...rest} />;
    case "schedule":
      return <HoursForm node={node} {...rest} />;
    case "branch":
      return <BranchForm node={node} {...rest} />;
    case "splitter":
      return <SplitterForm node={node} {...rest} />;
    case "webhook":
      return <WebhookForm node={node} {...rest} />;
    case "dial":
      return <DialForm node={node} {...rest} />;
    case "route":
      return <RouteForm node={node} {...rest} />;
    case "voicemail":
      return <VoicemailForm node={node} {...rest} />;
    case "set_tag":
      return <TagForm node={node} {...rest} />;
    case "hang_up":
      return <HangUpForm node={node} {...rest} />;
    default:
      return null;
  }
}
