// The library of sounds that call flows play: sent from a file, heard, renamed, removed; and what a text sounds like.

import { ActionIcon, Button, Textarea } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { words } from "../../../api/client";
import { bytes } from "../../../base/figures";
import { minutesSeconds } from "../../../base/time";
import { Card } from "../../../parts/Card";
import { Confirm } from "../../../parts/Confirm";
import { Icon } from "../../../parts/Icon";
import { RenameDialog } from "../../../parts/RenameDialog";
import { RowMenu } from "../../../parts/RowMenu";
import { Scroll } from "../../../parts/Scroll";
import { Shape } from "../../../parts/State";
import { Empty, Loaded } from "../../../parts/Waiting";
import { Ago } from "../../../parts/When";
import { Page } from "../../../shell/Page";
import { useMay } from "../../access/session";
import { fileProblem, nameOf, preview, promptsQuery, remove, rename, upload, type Prompt } from "./prompts";
import { Sound } from "./Sound";
import "../flows/flow.css";

type Asked = { what: "rename" | "delete"; prompt: Prompt } | null;

export default function PromptsPage() {
  const may = useMay();
  const prompts = useQuery(promptsQuery());
  const [asked, setAsked] = useState<Asked>(null);
  const uploads = useUploads();
  return (
    <Page title="Sounds">
      {may.write && <Drop uploads={uploads} />}
      <section className="card" aria-label="Sounds">
        <Loaded query={prompts} title="The sounds did not arrive">
          {(items) =>
            items.length ? (
              <List prompts={items} ask={setAsked} write={may.write} />
            ) : (
              <Empty title="No sounds yet">
                A greeting spoken by a person sounds best. Record one with any telephone, and drop the file above; call
                flows can play it then.
              </Empty>
            )
          }
        </Loaded>
      </section>
      {may.write && <Speak />}
      <Dialogs asked={asked} close={() => setAsked(null)} />
    </Page>
  );
}

type Upload = { id: number; name: string; share: number; error: unknown };

/** Files on their way; what failed stays until it is dismissed. */
function useUploads() {
  const client = useQueryClient();
  const [list, setList] = useState<Upload[]>([]);
  const next = useRef(0);
  const change = (id: number, part: Partial<Upload>) =>
    setList((before) => before.map((each) => (each.id === id ? { ...each, ...part } : each)));
  const drop = (id: number) => setList((before) => before.filter((each) => each.id !== id));
  const send = async (files: readonly File[]) => {
    // One after the other: the server converts one at a time.
    for (const file of files) {
      const id = next.current++;
      const problem = fileProblem(file);
      setList((before) => [...before, { id, name: file.name, share: 0, error: problem ? new Error(problem) : null }]);
      if (problem) continue;
      try {
        await upload(file, nameOf(file.name), (share) => change(id, { share }));
        drop(id);
        void client.invalidateQueries({ queryKey: ["prompts"] });
      } catch (error) {
        change(id, { error });
      }
    }
  };
  return { list, send, drop };
}

function Drop({ uploads }: { uploads: ReturnType<typeof useUploads> }) {
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const take = (files: FileList | null) => void uploads.send([...(files ?? [])]);
  return (
    <section
      className={`drop ${over ? "over" : ""}`}
      aria-label="Add sounds"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer.files);
      }}
    >
      <div className="row wrap">
        <Icon name="sound" />
        <span className="grow">
          Drop sound files here <span className="dim">WAV, MP3 or AAC, at most ten minutes and 25 MB</span>
        </span>
        <Button variant="filled" size="xs" onClick={() => input.current?.click()}>
          Choose files
        </Button>
        <input
          ref={input}
          type="file"
          multiple
          hidden
          aria-label="Sound files"
          accept=".wav,.mp3,.aac,.m4a,audio/*"
          onChange={(event) => {
            take(event.currentTarget.files);
            event.currentTarget.value = "";
          }}
        />
      </div>
      {uploads.list.length > 0 && (
        <ul className="uploads">
          {uploads.list.map((each) => (
            <li key={each.id} className="small">
              <span className="row">
                <span className="med cut">{each.name}</span>
                {each.error ? (
                  <span className="bad row tight grow" role="alert">
                    <Shape tone="bad" />
                    {words(each.error)}
                  </span>
                ) : (
                  <span className="dim grow">
                    {each.share < 1 ? `${Math.round(each.share * 100)}% sent` : "being converted"}
                  </span>
                )}
                {Boolean(each.error) && (
                  <ActionIcon size={24} aria-label={`Dismiss ${each.name}`} onClick={() => uploads.drop(each.id)}>
                    <Icon name="close" size={14} />
                  </ActionIcon>
                )}
              </span>
              {!each.error && (
                <span
                  className="upload-bar"
                  role="progressbar"
                  aria-label={`Sending ${each.name}`}
                  aria-valuenow={Math.round(each.share * 100)}
                  aria-valuemin={0}
                  aria-valuemax={100}
                >
                  <i style={{ width: `${each.share * 100}%` }} />
                </span>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function List({ prompts, ask, write }: { prompts: Prompt[]; ask: (asked: Asked) => void; write: boolean }) {
  const actions = (prompt: Prompt) =>
    write && (
      <RowMenu
        about={prompt.name}
        acts={[
          { icon: "edit", label: "Rename", run: () => ask({ what: "rename", prompt }) },
          { icon: "trash", label: "Delete", run: () => ask({ what: "delete", prompt }) },
        ]}
      />
    );
  return (
    <>
      <Scroll className="wide-only">
        <table className="t">
          <thead>
            <tr>
              <th className="fix" scope="col">
                Sound
              </th>
              <th scope="col" className="num">
                Length
              </th>
              <th scope="col" className="num">
                Size
              </th>
              <th scope="col">Played by</th>
              <th scope="col">Added</th>
              <th scope="col">
                <span className="sr">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {prompts.map((prompt) => (
              <tr key={prompt.id}>
                <td className="fix">
                  <span className="row">
                    <Sound id={prompt.id} name={prompt.name} />
                    <span className="med">{prompt.name}</span>
                  </span>
                </td>
                <td className="num">{minutesSeconds(prompt.duration_ms / 1_000)}</td>
                <td className="num soft">{bytes(prompt.bytes)}</td>
                <td>
                  <Users prompt={prompt} />
                </td>
                <td className="soft">
                  <Ago at={prompt.created_at} />
                </td>
                <td className="num">{actions(prompt)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <ul className="rows narrow-only">
        {prompts.map((prompt) => (
          <li key={prompt.id}>
            <div className="row">
              <Sound id={prompt.id} name={prompt.name} />
              <span className="grow">
                <span className="med block cut">{prompt.name}</span>
                <span className="small dim block">
                  {minutesSeconds(prompt.duration_ms / 1_000)}, <Users prompt={prompt} />
                </span>
              </span>
              {actions(prompt)}
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}

function Users({ prompt }: { prompt: Prompt }) {
  if (prompt.used_by.length === 0) return <span className="dim">no flow</span>;
  return prompt.used_by.map((user, i) => (
    <span key={user.flow}>
      {i > 0 && ", "}
      <Link href={`/flows/${user.flow}`}>{user.name}</Link>
    </span>
  ));
}

function Dialogs({ asked, close }: { asked: Asked; close: () => void }) {
  const client = useQueryClient();
  const prompt = asked?.prompt;
  const done = () => void client.invalidateQueries({ queryKey: ["prompts"] });
  return (
    <>
      <RenameDialog
        opened={asked?.what === "rename"}
        close={close}
        title="Rename the sound"
        named={prompt}
        example="Greeting, summer"
        save={(name) => rename(prompt?.id ?? "", name)}
        done={done}
      />
      <Confirm
        opened={asked?.what === "delete"}
        close={close}
        title={`Delete ${prompt?.name ?? "the sound"}?`}
        act="Delete the sound"
        run={() => remove(prompt?.id ?? "")}
        done={done}
      >
        {prompt?.used_by.length
          ? `${prompt.used_by.map((user) => user.name).join(", ")} plays it; choose another sound there first.`
          : "No call flow plays it. It cannot be brought back."}
      </Confirm>
    </>
  );
}

/** What a text sounds like when a flow speaks it. */
function Speak() {
  const [text, setText] = useState("");
  const speaking = useMutation({ mutationFn: () => preview(text.trim()) });
  const sound = speaking.data;
  useEffect(() => () => void (sound && URL.revokeObjectURL(sound)), [sound]);
  return (
    <Card title="Hear a text" lined right="as a flow speaks it">
      <form
        className="form pad"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim()) speaking.mutate();
        }}
      >
        <Textarea
          label="Text"
          autosize
          minRows={2}
          placeholder="Thank you for calling Tallgrass Roofing."
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {speaking.isError && (
          <p className="bad" role="alert">
            {words(speaking.error)}
          </p>
        )}
        <div className="actions">
          <Button type="submit" loading={speaking.isPending} disabled={!text.trim()}>
            Speak it
          </Button>
          {sound && <audio controls autoPlay src={sound} aria-label="The text, spoken" />}
        </div>
      </form>
    </Card>
  );
}
