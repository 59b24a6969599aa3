import { fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { expect, it } from "vitest";
import { TagsInput } from "@/ui/tags-input";

const KEYS = [
  { value: "key_1", label: "checkout" },
  { value: "key_2", label: "search" },
];

function Held({ only, start = [] }: { only?: boolean; start?: string[] }) {
  const [values, setValues] = useState<string[]>(start);
  return (
    <>
      <TagsInput
        aria-label="Names"
        values={values}
        onChange={setValues}
        suggestions={KEYS}
        only={only}
      />
      <output>{values.join("|")}</output>
    </>
  );
}

const field = () => screen.getByRole("combobox", { name: "Names" });
const held = () => screen.getByRole("status").textContent;
const type = (text: string) => fireEvent.change(field(), { target: { value: text } });

it("takes what is typed at Enter, at a comma, and when the field is left", () => {
  render(<Held />);
  type("gpt-4o");
  fireEvent.keyDown(field(), { key: "Enter" });
  type("gpt-5*,");
  type("o3");
  fireEvent.blur(field());
  expect(held()).toBe("gpt-4o|gpt-5*|o3");
});

it("shows a suggestion by its label and takes its value", () => {
  render(<Held only />);
  fireEvent.focus(field());
  fireEvent.keyDown(field(), { key: "ArrowDown" });
  fireEvent.keyDown(field(), { key: "ArrowDown" });
  fireEvent.keyDown(field(), { key: "Enter" });
  expect(held()).toBe("key_2");
  expect(screen.getByText("search")).toBeTruthy();
});

it("takes nothing else where only suggestions count, and a label for its value", () => {
  render(<Held only />);
  type("nobody");
  fireEvent.blur(field());
  expect(held()).toBe("");
  type("Checkout");
  fireEvent.blur(field());
  expect(held()).toBe("key_1");
});

it("holds nothing twice and gives up the last at a backspace", () => {
  render(<Held start={["a", "b"]} />);
  type("a,");
  expect(held()).toBe("a|b");
  fireEvent.keyDown(field(), { key: "Backspace" });
  expect(held()).toBe("a");
});
