// Gives a thing another name.

import { Button, Modal, TextInput } from "@mantine/core";
import { useForm } from "./form";

type RenameProps = {
  /** The thing, while it is asked about. */
  named: { id: string; name: string } | undefined;
  opened: boolean;
  close: () => void;
  title: string;
  /** A good name, for somebody who wrote none. */
  example: string;
  save: (name: string) => Promise<unknown>;
  done: () => void;
};

export function RenameDialog({ opened, close, title, named, ...form }: RenameProps) {
  return (
    <Modal opened={opened} onClose={close} title={title} closeButtonProps={{ "aria-label": "Close" }}>
      {named && <Rename key={named.id} name={named.name} close={close} {...form} />}
    </Modal>
  );
}

type FormProps = Pick<RenameProps, "close" | "example" | "save" | "done"> & { name: string };

function Rename({ name, close, example, save, done }: FormProps) {
  const form = useForm({
    start: { name },
    check: (values) => ({ name: values.name.trim() ? undefined : `Write a name, such as ${example}` }),
    send: (values) => save(values.name.trim()),
    done: () => {
      done();
      close();
    },
  });
  return (
    <form className="form" onSubmit={form.submit} noValidate>
      <TextInput label="Name" data-autofocus {...form.text("name")} />
      {form.failure && (
        <p className="bad" role="alert">
          {form.failure}
        </p>
      )}
      <div className="actions">
        <Button type="submit" variant="filled" loading={form.busy}>
          Save
        </Button>
        <Button variant="subtle" onClick={close}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
