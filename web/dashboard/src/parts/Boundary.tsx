// Catches a page that cannot be drawn, such as one whose code did not arrive, and offers to load it anew.

import { Component, type ReactNode } from "react";
import { Page } from "../shell/Page";
import { Failure } from "./Waiting";

type BoundaryProps = { address: string; children: ReactNode };
type BoundaryState = { error: unknown; address: string };

export class Boundary extends Component<BoundaryProps, BoundaryState> {
  override state: BoundaryState = { error: null, address: this.props.address };

  static getDerivedStateFromError(error: unknown): Partial<BoundaryState> {
    return { error };
  }

  /** Another address is another chance. */
  static getDerivedStateFromProps(props: BoundaryProps, state: BoundaryState): Partial<BoundaryState> | null {
    return props.address === state.address ? null : { error: null, address: props.address };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return (
      <Page title="Not loaded">
        <Failure title="This page could not be loaded" error={this.state.error} retry={() => location.reload()} />
      </Page>
    );
  }
}
