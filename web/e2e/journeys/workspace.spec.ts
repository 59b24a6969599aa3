import { expect } from "@playwright/test";
import { test } from "../harness/test.ts";

test("an owner renames the workspace and moves it to another time zone", async ({
  page,
  freshStack,
  openAs,
}) => {
  const owner = await openAs(freshStack, "/settings/workspace");
  const save = page.getByRole("button", { name: "Save" });
  await expect(save).toBeDisabled();
  await page.getByLabel("Name").fill("North Pier");
  await page.getByLabel("Time zone").fill("Mars/Olympus");
  await save.click();
  await expect(page.getByText("Choose a zone from the list")).toBeVisible();
  await page.getByLabel("Time zone").fill("Asia/Kolkata");
  await expect(page.getByText("now UTC+05:30")).toBeVisible();
  await save.click();

  await expect(page.getByRole("button", { name: /Workspace North Pier/ })).toBeVisible();
  await expect(save).toBeDisabled();
  const me = await owner.request<{ workspaces: { name: string; timezone: string }[] }>(
    "GET",
    "/me",
  );
  expect(me.workspaces[0]).toMatchObject({ name: "North Pier", timezone: "Asia/Kolkata" });
});
