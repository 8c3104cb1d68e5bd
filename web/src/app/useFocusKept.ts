import { type RefObject, useEffect } from "react";

/** When the focused element disappears, the view takes the focus, so keyboard users are not sent back to the top. */
export function useFocusKept(main: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const area = main.current;
    if (area === null) return;
    let last: EventTarget | null = null;
    const remember = ({ target }: FocusEvent) => {
      last = target;
    };
    const observer = new MutationObserver(() => {
      const lost = last instanceof Element && !last.isConnected && document.activeElement === document.body;
      if (lost) area.focus({ preventScroll: true });
    });
    area.addEventListener("focusin", remember);
    observer.observe(area, { subtree: true, childList: true });
    return () => {
      area.removeEventListener("focusin", remember);
      observer.disconnect();
    };
  }, [main]);
}
