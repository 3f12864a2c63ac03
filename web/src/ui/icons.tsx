// State glyphs and icons, drawn here: a dozen shapes need no library. All are decoration beside words.
import type { ReactNode } from "react";

function Glyph({ children, size = 16 }: { children: ReactNode; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

export const Dot = () => (
  <Glyph size={10}>
    <circle cx="8" cy="8" r="7" fill="currentColor" stroke="none" />
  </Glyph>
);
export const Ring = () => (
  <Glyph size={10}>
    <circle cx="8" cy="8" r="6" strokeWidth="2.4" />
  </Glyph>
);
export const Play = () => (
  <Glyph size={10}>
    <path d="M3 2 14 8 3 14Z" strokeWidth="2.2" />
  </Glyph>
);
export const Half = () => (
  <Glyph size={10}>
    <circle cx="8" cy="8" r="6.5" strokeWidth="2" />
    <path d="M8 2a6 6 0 0 0 0 12Z" fill="currentColor" stroke="none" />
  </Glyph>
);
export const Cross = ({ size = 10 }: { size?: number }) => (
  <Glyph size={size}>
    <path d="m3 3 10 10M13 3 3 13" strokeWidth="2" />
  </Glyph>
);
export const Warning = ({ size = 16 }: { size?: number }) => (
  <Glyph size={size}>
    <path d="M8 2 15 14H1Z" />
    <path d="M8 6.5v3.2M8 11.7v.1" />
  </Glyph>
);
export const Check = () => (
  <Glyph>
    <path d="m2.5 8.5 3.5 3.5 7.5-8" strokeWidth="2" />
  </Glyph>
);
export const Padlock = () => (
  <Glyph>
    <rect x="3" y="7" width="10" height="7" rx="1.5" />
    <path d="M5 7V5a3 3 0 0 1 6 0v2" />
  </Glyph>
);
export const Undo = () => (
  <Glyph>
    <path d="M6 3 2.5 6.5 6 10" />
    <path d="M3 6.5h6a4 4 0 0 1 0 8H7" />
  </Glyph>
);
export const More = () => (
  <Glyph>
    <path d="M3 8h.01M8 8h.01M13 8h.01" strokeWidth="2.6" />
  </Glyph>
);
export const Menu = () => (
  <Glyph size={20}>
    <path d="M2 4h12M2 8h12M2 12h12" />
  </Glyph>
);
export const Plus = () => (
  <Glyph>
    <path d="M8 3v10M3 8h10" strokeWidth="2" />
  </Glyph>
);
export const Grip = () => (
  <Glyph>
    <path d="M6 4h.01M10 4h.01M6 8h.01M10 8h.01M6 12h.01M10 12h.01" strokeWidth="2.2" />
  </Glyph>
);
export const Up = () => (
  <Glyph>
    <path d="m3.5 10 4.5-4.5 4.5 4.5" strokeWidth="2" />
  </Glyph>
);
export const Down = () => (
  <Glyph>
    <path d="m3.5 6 4.5 4.5L12.500 6" strokeWidth="2" />
  </Glyph>
);
