// The Mantine theme: the tokens of tokens.css under the names Mantine's components read.

import {
  ActionIcon,
  Button,
  Checkbox,
  createTheme,
  Input,
  localStorageColorSchemeManager,
  Menu,
  Modal,
  Popover,
  Radio,
  SegmentedControl,
  Switch,
  Tooltip,
  type CSSVariablesResolver,
} from "@mantine/core";

/** Where the person's choice of light or dark is kept; public/scheme.js reads the same key. */
export const schemeManager = localStorageColorSchemeManager({ key: "trunkline_scheme" });

const signal = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const;
const signalHex = [
  "#e8f6f4",
  "#cdebe7",
  "#9fd8d1",
  "#6cc3b9",
  "#3fafa4",
  "#1f9a90",
  "#0f857d",
  "#0a706a",
  "#085b57",
  "#064541",
] as const;

/** The light scrim behind drawers and dialogs: what lies below stays readable. */
export const scrim = { color: "var(--scrim)", backgroundOpacity: 1, blur: 0 };
const quick = { duration: 120 };

export const theme = createTheme({
  colors: { signal: signal.map((shade) => signalHex[shade]) as unknown as typeof signalHex },
  primaryColor: "signal",
  primaryShade: { light: 7, dark: 4 },
  autoContrast: true,
  cursorType: "pointer",
  respectReducedMotion: true,
  fontFamily: "var(--font)",
  fontFamilyMonospace: "var(--mono)",
  fontSizes: { xs: "11px", sm: "12px", md: "13px", lg: "14px", xl: "16px" },
  lineHeights: { xs: "14px", sm: "16px", md: "20px", lg: "20px", xl: "24px" },
  headings: {
    fontWeight: "600",
    sizes: {
      h1: { fontSize: "20px", lineHeight: "28px" },
      h2: { fontSize: "16px", lineHeight: "24px" },
    },
  },
  spacing: { xs: "4px", sm: "8px", md: "12px", lg: "16px", xl: "24px" },
  radius: { xs: "2px", sm: "4px", md: "6px", lg: "6px", xl: "6px" },
  defaultRadius: "sm",
  shadows: { xs: "none", sm: "none", md: "var(--float)", lg: "none", xl: "none" },
  components: {
    Button: Button.extend({
      defaultProps: { size: "sm", variant: "default" },
      vars: (_theme, props) => ({ root: { "--button-fz": props.size === "xs" ? "12px" : "13px" } }),
    }),
    ActionIcon: ActionIcon.extend({ defaultProps: { variant: "subtle", color: "gray", size: 28 } }),
    Input: Input.extend({ defaultProps: { size: "sm" } }),
    Switch: Switch.extend({ defaultProps: { size: "sm", withThumbIndicator: false } }),
    Checkbox: Checkbox.extend({ defaultProps: { size: "xs" } }),
    Radio: Radio.extend({ defaultProps: { size: "xs" } }),
    SegmentedControl: SegmentedControl.extend({ defaultProps: { size: "xs" } }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 300, withArrow: false } }),
    // The placeholder would be a child that a menu may not have.
    Menu: Menu.extend({ defaultProps: { shadow: "md", transitionProps: quick, withInitialFocusPlaceholder: false } }),
    Popover: Popover.extend({ defaultProps: { shadow: "md", transitionProps: quick } }),
    Modal: Modal.extend({
      defaultProps: { overlayProps: scrim, shadow: "md", radius: "md", transitionProps: quick, centered: true },
    }),
  },
});

const shared = {
  "--mantine-color-body": "var(--canvas)",
  "--mantine-color-text": "var(--text)",
  "--mantine-color-dimmed": "var(--text-3)",
  "--mantine-color-placeholder": "var(--text-3)",
  "--mantine-color-anchor": "var(--accent-text)",
  "--mantine-color-default": "var(--panel)",
  "--mantine-color-default-hover": "var(--hover)",
  "--mantine-color-default-color": "var(--text)",
  "--mantine-color-default-border": "var(--line)",
  "--mantine-color-error": "var(--bad-text)",
  "--mantine-color-disabled": "var(--sunken)",
  "--mantine-color-disabled-color": "var(--text-3)",
  "--mantine-color-disabled-border": "var(--line)",
  "--mantine-primary-color-contrast": "var(--on-accent)",
};

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: shared,
  dark: shared,
});
