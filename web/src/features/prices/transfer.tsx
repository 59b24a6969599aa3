import { Download, Upload } from "lucide-react";
import { type ChangeEvent, useRef, useState } from "react";
import type { ImportResult } from "@/api/price-types";
import { exportOverrides, importOverrides, usePricesChanged } from "@/api/prices";
import { ImportDialog } from "@/features/prices/import-dialog";
import { downloadJson } from "@/lib/download";
import { Button } from "@/ui/button";
import { notify, notifyError } from "@/ui/toast";

type Checked = { name: string; document: unknown; result: ImportResult };

/** All prices of the workspace as a file, there and back. */
export function TransferButtons({ allowed }: { allowed: boolean }) {
  const changed = usePricesChanged();
  const picker = useRef<HTMLInputElement>(null);
  const [checked, setChecked] = useState<Checked | null>(null);
  const save = async () => {
    try {
      downloadJson("quotah-prices.json", await exportOverrides());
    } catch (error) {
      notifyError(error, "The prices were not exported");
    }
  };
  const check = async (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.target.files?.[0];
    event.target.value = "";
    if (!file) return;
    try {
      const document = readJson(await file.text());
      setChecked({ name: file.name, document, result: await importOverrides(document, true) });
    } catch (error) {
      notifyError(error, `${file.name} cannot be imported`);
    }
  };
  const write = async () => {
    if (!checked) return;
    const { verdicts } = await importOverrides(checked.document, false);
    // Those that are set already have a word with their verdict.
    const prices = verdicts.filter(({ index, message }) => index !== null && !message).length;
    setChecked(null);
    notify(`${prices} ${prices === 1 ? "price was" : "prices were"} imported`);
    await changed();
  };
  return (
    <>
      {allowed && (
        <>
          <Button size="sm" onClick={() => picker.current?.click()}>
            <Upload aria-hidden />
            Import
          </Button>
          <input
            ref={picker}
            type="file"
            accept="application/json,.json"
            className="hidden"
            aria-label="File of prices"
            onChange={(event) => void check(event)}
          />
        </>
      )}
      <Button size="sm" onClick={() => void save()}>
        <Download aria-hidden />
        Export
      </Button>
      {checked && (
        <ImportDialog
          name={checked.name}
          document={checked.document}
          verdicts={checked.result.verdicts}
          onImport={write}
          onClose={() => setChecked(null)}
        />
      )}
    </>
  );
}

/** Numbers stay as they are written only inside texts; the document has no others of importance. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("The file is not JSON. Choose one that was exported here.");
  }
}
