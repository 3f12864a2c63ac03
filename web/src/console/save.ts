// Files that the page has made, for the person to keep.

/** How long such a file stays in memory: by then the browser has taken it. */
const KEPT_MS = 60_000;

export function save(name: string, file: Blob | Uint8Array<ArrayBuffer>): void {
  const url = URL.createObjectURL(file instanceof Blob ? file : new Blob([file]));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}
