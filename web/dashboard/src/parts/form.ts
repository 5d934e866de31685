// State of a small form: values, a message beside each field, and the server's refusal put where it belongs.

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Refused, words } from "../api/client";

type Messages<V> = Partial<Record<keyof V, string>>;

type FormOptions<V, R> = {
  start: V;
  /** Messages for fields that cannot be sent as they are; each says what to write instead. */
  check?: (values: V) => Messages<V>;
  send: (values: V) => Promise<R>;
  done?: (result: R, values: V) => void;
};

export function useForm<V extends object, R>({ start, check, send, done }: FormOptions<V, R>) {
  const [values, setValues] = useState(start);
  const [messages, setMessages] = useState<Messages<V>>({});

  const sending = useMutation({
    mutationFn: send,
    onSuccess: (result, sent) => done?.(result, sent),
    onError: (error) => {
      if (error instanceof Refused && error.field && error.field in start) {
        setMessages({ [error.field]: error.message } as Messages<V>);
      }
    },
  });

  const set = <K extends keyof V>(name: K, value: V[K]) => {
    setValues((before) => ({ ...before, [name]: value }));
    setMessages((before) => ({ ...before, [name]: undefined }));
  };

  const submit = (event: { preventDefault: () => void }) => {
    event.preventDefault();
    const found = check?.(values) ?? {};
    setMessages(found);
    if (Object.values(found).every((message) => !message)) sending.mutate(values);
  };

  const shownBeside = sending.error instanceof Refused && !!sending.error.field && sending.error.field in start;
  return {
    values,
    set,
    submit,
    busy: sending.isPending,
    saved: sending.isSuccess,
    /** What came of the last time it was sent. */
    result: sending.data,
    reset: () => {
      setValues(start);
      setMessages({});
      sending.reset();
    },
    message: (name: keyof V) => messages[name],
    /** A refusal that belongs to no field of this form. */
    failure: sending.isError && !shownBeside ? words(sending.error) : null,
    /** The value and message of a text input, ready to spread. */
    text: (name: keyof V) => ({
      value: String(values[name] ?? ""),
      error: messages[name],
      onChange: (event: { currentTarget: { value: string } }) => set(name, event.currentTarget.value as V[keyof V]),
    }),
  };
}
