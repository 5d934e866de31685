// The time zones a person can choose, by their IANA names.

export const zones: string[] =
  typeof Intl.supportedValuesOf === "function" ? [...new Set([...Intl.supportedValuesOf("timeZone"), "UTC"])] : ["UTC"];
