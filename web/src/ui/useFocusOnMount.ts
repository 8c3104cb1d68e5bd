import { type RefObject, useEffect, useRef } from "react";

/** Moves the focus to an element when it appears, because the element that had it is gone. */
export function useFocusOnMount<Kind extends HTMLElement>(wanted = true): RefObject<Kind | null> {
  const ref = useRef<Kind>(null);
  const first = useRef(wanted);
  useEffect(() => {
    if (first.current) ref.current?.focus({ preventScroll: true });
  }, []);
  return ref;
}
