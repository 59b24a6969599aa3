/** Hands a document to the browser as a file. */
export function downloadJson(name: string, document_: unknown): void {
  const file = new Blob([`${JSON.stringify(document_, null, 2)}\n`], { type: "application/json" });
  const address = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
