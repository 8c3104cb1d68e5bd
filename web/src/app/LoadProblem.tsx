import { Component, type ReactNode } from "react";
import { Button } from "../ui/Button.tsx";
import { Notice } from "../ui/Notice.tsx";

/** What is shown in place of a view that could not be loaded or fell over. */
export class LoadProblem extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <Notice kind="problem" action={<Button onClick={() => window.location.reload()}>Reload</Button>}>
        This view could not be loaded. The server may be away.
      </Notice>
    );
  }
}
