/** The mark: a gauge that is also a Q. */
export function Mark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" className={className} aria-hidden>
      <rect width="32" height="32" rx="8" fill="var(--accent)" />
      <path
        d="M16 7a9 9 0 1 0 5.6 16.05l2.2 2.2 1.9-1.9-2.2-2.2A9 9 0 0 0 16 7Zm0 2.8a6.2 6.2 0 0 1 5.5 9.05l-2.5-2.5-1.95 1.95 2.55 2.55A6.2 6.2 0 1 1 16 9.8Z"
        fill="#fff"
      />
    </svg>
  );
}
