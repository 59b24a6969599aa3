import { describe, expect, it } from "vitest";
import { MessageParser } from "@/api/live";

describe("server-sent messages", () => {
  it("are whole whatever the chunks they come in", () => {
    const text = 'event: run\ndata: {"id":1}\n\n: heartbeat\n\nevent: run\ndata: {"id":2}\n\n';
    for (let size = 1; size <= text.length; size++) {
      const parser = new MessageParser();
      const found = [];
      for (let at = 0; at < text.length; at += size) {
        found.push(...parser.push(text.slice(at, at + size)));
      }
      expect(found).toEqual([
        { event: "run", data: '{"id":1}' },
        { event: "run", data: '{"id":2}' },
      ]);
    }
  });

  it("may end their lines with CR LF and spread data over several lines", () => {
    const parser = new MessageParser();
    expect(parser.push("data: a\r\ndata: b\r\n\r\n")).toEqual([{ event: "message", data: "a\nb" }]);
  });

  it("that are only comments yield nothing", () => {
    expect(new MessageParser().push(": ping\n\n: ping\n\n")).toEqual([]);
  });
});
