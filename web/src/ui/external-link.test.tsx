import { render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { ExternalLink, isWeb, shortAddress } from "@/ui/external-link";

describe("a link to somebody else's page", () => {
  it("opens in a tab of its own that learns nothing of this one", () => {
    render(<ExternalLink href="https://docs.x.ai/docs/models" />);
    const link = screen.getByRole("link");
    expect(link.getAttribute("href")).toBe("https://docs.x.ai/docs/models");
    expect(link.getAttribute("target")).toBe("_blank");
    expect(link.getAttribute("rel")).toContain("noopener");
  });

  it.each(["genai-prices", "http://plain.example", "javascript:alert(1)", "data:text/html,x", ""])(
    "is no link for %j",
    (href) => {
      render(<ExternalLink href={href}>source</ExternalLink>);
      expect(screen.queryByRole("link")).toBeNull();
      expect(screen.getByText("source")).toBeTruthy();
      expect(isWeb(href)).toBe(false);
    },
  );

  it.each([
    ["https://openai.com/api/pricing/", "openai.com/…/pricing"],
    ["https://www.example.com", "example.com"],
    ["https://example.com/prices", "example.com/prices"],
    ["genai-prices", "genai-prices"],
  ])("shows %s as %s", (href, short) => expect(shortAddress(href)).toBe(short));
});
