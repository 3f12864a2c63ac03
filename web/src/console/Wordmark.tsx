/** Genlock's sign: two tracks that fall into step. */
export function Sign({ size }: { size: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 28 28" aria-hidden="true">
      <rect x="1" y="5" width="11" height="7" rx="2" fill="var(--text)" />
      <rect x="14" y="5" width="13" height="7" rx="2" fill="var(--text-3)" />
      <rect x="1" y="16" width="11" height="7" rx="2" fill="var(--text-3)" />
      <rect x="14" y="16" width="13" height="7" rx="2" fill="var(--text)" />
    </svg>
  );
}

/** The sign with the name. */
export function Wordmark({ small = false }: { small?: boolean }) {
  return (
    <span data-wordmark={small ? "small" : "large"}>
      <Sign size={small ? 20 : 28} />
      Genlock
    </span>
  );
}
