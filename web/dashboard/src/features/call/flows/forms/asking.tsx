// Forms of the steps that talk to the caller and listen for keys.

import { Button, Select, Switch, TextInput } from "@mantine/core";
import { Icon } from "../../../../parts/Icon";
import { SoundSelect } from "../../prompts/SoundSelect";
import { StepSelect } from "../StepSelect";
import { Entry, keyChoices, MessageField, Num, replaced, Spoken, TagName, withMessage, type FormProps } from "./fields";

export function SayForm({ node, set }: FormProps<"say">) {
  const optional = (key: "voice" | "language", value: string) => {
    const { [key]: _, ...rest } = node;
    set(value ? { ...rest, [key]: value } : rest, key);
  };
  return (
    <>
      <Spoken
        label="What is said"
        placeholder="Thank you for calling Tallgrass Roofing."
        value={node}
        set={(message, about) => set({ ...node, text: message.text ?? "" }, about)}
      />
      <div className="pair">
        <TextInput
          label="Voice"
          placeholder="The usual one"
          value={node.voice ?? ""}
          onChange={(event) => optional("voice", event.currentTarget.value.trim())}
        />
        <TextInput
          label="Language"
          placeholder="en-US"
          value={node.language ?? ""}
          onChange={(event) => optional("language", event.currentTarget.value.trim())}
        />
      </div>
    </>
  );
}

export function PlayForm({ node, set }: FormProps<"play">) {
  return <SoundSelect label="The sound" visible value={node.prompt} set={(prompt) => set({ ...node, prompt })} />;
}

export function NoticeForm({ node, set }: FormProps<"recording_notice">) {
  return (
    <>
      <MessageField
        label="The notice"
        placeholder="This call may be recorded."
        value={node}
        set={(message, about) => set(withMessage(node, message), about)}
      />
      <p className="small dim">
        Who stays on the line agrees. From here on talks are recorded, unless a ring step says otherwise.
      </p>
    </>
  );
}

const waits = { timeout: { min: 1, max: 60 }, between: { min: 1, max: 20 }, tries: { min: 1, max: 10 } };

export function MenuForm({ node, document, name, set }: FormProps<"menu">) {
  const keys = Object.keys(node.choices);
  const free = keyChoices.filter((each) => !keys.includes(each.value));
  const sorted = keyChoices.filter((each) => keys.includes(each.value));
  const rekey = (from: string, to: string) => {
    const { [from]: target = "", ...rest } = node.choices;
    set({ ...node, choices: { ...rest, [to]: target } });
  };
  return (
    <>
      <MessageField
        label="The question"
        placeholder="Press 1 for a new job, 2 for anything else."
        value={node}
        set={(message, about) => set(withMessage(node, message), about)}
      />
      <fieldset className="plain">
        <legend className="small soft">Where each key leads</legend>
        <ul className="entries">
          {sorted.map(({ value: key }) => (
            <Entry
              key={key}
              what={`key ${key}`}
              remove={() => {
                const { [key]: _, ...choices } = node.choices;
                set({ ...node, choices });
              }}
            >
              <div className="row">
                <Select
                  aria-label={`Key ${key}`}
                  style={{ width: 64 }}
                  data={[{ value: key, label: key }, ...free]}
                  value={key}
                  allowDeselect={false}
                  onChange={(next) => next && next !== key && rekey(key, next)}
                />
                <StepSelect
                  label={`Key ${key} leads to`}
                  document={document}
                  except={name}
                  value={node.choices[key] ?? ""}
                  set={(to) => set({ ...node, choices: { ...node.choices, [key]: to } })}
                />
              </div>
            </Entry>
          ))}
        </ul>
        {keys.length === 0 && <p className="small bad">Add a key at least.</p>}
        {free[0] && (
          <div>
            <Button
              size="xs"
              leftSection={<Icon name="plus" size={14} />}
              onClick={() => set({ ...node, choices: { ...node.choices, [free[0]?.value ?? ""]: "" } })}
            >
              Add a key
            </Button>
          </div>
        )}
      </fieldset>
      <div className="pair">
        <Num
          label="Waits for a key"
          unit="s"
          value={node.timeout_s}
          {...waits.timeout}
          set={(timeout_s) => set({ ...node, timeout_s }, "timeout_s")}
        />
        <Num
          label="Asks at most"
          unit="times"
          value={node.tries}
          {...waits.tries}
          set={(tries) => set({ ...node, tries }, "tries")}
        />
      </div>
      <Switch
        label="A key cuts the text short"
        checked={node.barge_in}
        onChange={(event) => set({ ...node, barge_in: event.currentTarget.checked })}
      />
    </>
  );
}

export function GatherForm({ node, set }: FormProps<"gather">) {
  return (
    <>
      <MessageField
        label="The question"
        placeholder="Type your order number, then press the hash key."
        value={node}
        set={(message, about) => set(withMessage(node, message), about)}
      />
      <TagName value={node.tag} set={(tag) => set({ ...node, tag }, "tag")} />
      <div className="pair">
        <Num
          label="Digits at least"
          value={node.digits_min}
          min={1}
          max={node.digits_max}
          set={(digits_min) => set({ ...node, digits_min }, "digits_min")}
        />
        <Num
          label="Digits at most"
          value={node.digits_max}
          min={1}
          max={20}
          set={(digits_max) => set({ ...node, digits_max }, "digits_max")}
        />
      </div>
      <Select
        label="Ends with the key"
        data={[
          { value: "#", label: "#" },
          { value: "*", label: "*" },
        ]}
        value={node.terminator ?? null}
        clearable
        placeholder="None, by the wait"
        onChange={(key) => {
          const { terminator: _, ...rest } = node;
          set(key ? { ...rest, terminator: key } : rest);
        }}
      />
      <Waits node={node} set={(changed, about) => set({ ...node, ...changed }, about)} />
    </>
  );
}

export function ZipForm({ node, set }: FormProps<"collect_zip">) {
  return (
    <>
      <MessageField
        label="The question"
        placeholder="Type the five digits of your ZIP code."
        value={node}
        set={(message, about) => set(withMessage(node, message), about)}
      />
      <Waits node={node} set={(changed, about) => set({ ...node, ...changed }, about)} />
    </>
  );
}

type Waiting = { timeout_s: number; between_s: number; tries: number };

function Waits({ node, set }: { node: Waiting; set: (changed: Partial<Waiting>, about: string) => void }) {
  return (
    <div className="pair">
      <Num
        label="Waits for a digit"
        unit="s"
        value={node.timeout_s}
        {...waits.timeout}
        set={(timeout_s) => set({ timeout_s }, "timeout_s")}
      />
      <Num
        label="Between digits"
        unit="s"
        value={node.between_s}
        {...waits.between}
        set={(between_s) => set({ between_s }, "between_s")}
      />
      <Num
        label="Asks at most"
        unit="times"
        value={node.tries}
        {...waits.tries}
        set={(tries) => set({ tries }, "tries")}
      />
    </div>
  );
}

/** Questions one survey may have; the server has the last word. */
const QUESTIONS_MAX = 10;

export function SurveyForm({ node, set }: FormProps<"survey">) {
  const { questions } = node;
  return (
    <fieldset className="plain">
      <legend className="small soft">Questions, in order</legend>
      <ul className="entries">
        {questions.map((question, i) => (
          <Entry
            key={i}
            what={`question ${i + 1}`}
            remove={() => set({ ...node, questions: questions.filter((_, at) => at !== i) })}
          >
            <div className="stack close">
              <MessageField
                label={`Question ${i + 1}`}
                placeholder="How well were you helped, from 1 to 5?"
                value={question}
                set={(message, about) =>
                  set({ ...node, questions: replaced(questions, i, withMessage(question, message)) }, about)
                }
              />
              <div className="pair">
                <TagName
                  value={question.tag}
                  set={(tag) => set({ ...node, questions: replaced(questions, i, { ...question, tag }) }, `tag ${i}`)}
                />
                <Num
                  label="Digits"
                  value={question.digits}
                  min={1}
                  max={20}
                  set={(digits) =>
                    set({ ...node, questions: replaced(questions, i, { ...question, digits }) }, `digits ${i}`)
                  }
                />
              </div>
            </div>
          </Entry>
        ))}
      </ul>
      {questions.length === 0 && <p className="small bad">Add a question at least.</p>}
      {questions.length < QUESTIONS_MAX && (
        <div>
          <Button
            size="xs"
            leftSection={<Icon name="plus" size={14} />}
            onClick={() =>
              set({ ...node, questions: [...questions, { text: "", tag: `answer_${questions.length + 1}`, digits: 1 }] })
            }
          >
            Add a question
          </Button>
        </div>
      )}
    </fieldset>
  );
}

/** What stands for the digit in the text. */
const DIGIT_MARK = "{digit}";

export function ChallengeForm({ node, set }: FormProps<"challenge">) {
  const unsaid = !node.digit && Boolean(node.text) && !node.text?.includes(DIGIT_MARK);
  return (
    <>
      <MessageField
        label="What is asked"
        description={`${DIGIT_MARK} stands for the digit to press`}
        placeholder={`Press ${DIGIT_MARK} to be connected.`}
        value={node}
        set={(message, about) => set(withMessage(node, message), about)}
      />
      {unsaid && <p className="small bad">Write {DIGIT_MARK} where the digit is said, or choose a digit below.</p>}
      <Select
        label="The digit"
        data={keyChoices}
        value={node.digit ?? null}
        clearable
        placeholder="Drawn for each call"
        onChange={(key) => {
          const { digit: _, ...rest } = node;
          set(key ? { ...rest, digit: key } : rest);
        }}
      />
    </>
  );
}
