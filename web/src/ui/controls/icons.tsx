import type { ReactNode } from "react";

function icon(shape: ReactNode) {
  return (
    <svg
      width="20"
      height="20"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {shape}
    </svg>
  );
}

export const pictureIcon = icon(
  <>
    <rect x="3" y="4" width="18" height="16" rx="3" />
    <circle cx="9" cy="10" r="1.8" />
    <path d="m4 18 5.5-5 4 3.5 2.5-2L21 18" />
  </>,
);
export const cameraIcon = icon(
  <>
    <path d="M4 8h3l2-3h6l2 3h3a1 1 0 0 1 1 1v9a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V9a1 1 0 0 1 1-1Z" />
    <circle cx="12" cy="13.5" r="3.5" />
  </>,
);
export const sampleIcon = icon(
  <path d="M12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.600l2.1 2.100M16.3 16.300l2.1 2.100M18.4 5.600l-2.1 2.100M7.7 16.300l-2.1 2.1" />,
);
export const downloadIcon = icon(<path d="M12 4v11m0 0-4.5-4.500M12 15l4.5-4.500M5 20h14" />);
export const pauseIcon = icon(<path d="M9 5v14M15 5v14" />);
export const playIcon = icon(<path d="M8 5.500v13l10.5-6.500Z" />);
export const stopIcon = icon(<rect x="6" y="6" width="12" height="12" rx="2" />);
export const turnIcon = icon(
  <path d="M4 12a8 8 0 0 1 13.7-5.600L20 9M20 4v5h-5M20 12a8 8 0 0 1-13.7 5.600L4 15m0 5v-5h5" />,
);
export const checkIcon = icon(<path d="m5 12.5 4.5 4.500L19 7.5" />);
export const backIcon = icon(<path d="M19 12H5m0 0 6-6m-6 6 6 6" />);
export const crossIcon = icon(<path d="m6 6 12 12M18 6 6 18" />);
export const copyIcon = icon(
  <>
    <rect x="9" y="9" width="11" height="11" rx="2.5" />
    <path d="M5 15a1 1 0 0 1-1-1V6a2 2 0 0 1 2-2h8a1 1 0 0 1 1 1" />
  </>,
);
export const terminalIcon = icon(<path d="m5 7 5 5-5 5M12.5 17H19" />);
export const listIcon = icon(<path d="M9 6h11M9 12h11M9 18h11M4 6h.01M4 12h.01M4 18h.01" />);
export const undoIcon = icon(<path d="M9 14 4 9l5-5M4 9h9a6.500 6.500 0 0 1 0 13h-2" />);
export const nextIcon = icon(<path d="m9 5 7 7-7 7" />);
export const previousIcon = icon(<path d="m15 5-7 7 7 7" />);
