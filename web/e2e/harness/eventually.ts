import { expect } from "@playwright/test";

/** Asks until it is answered: an event travels from the gateway to the store within two seconds. */
export async function eventually<T>(ask: () => Promise<T>): Promise<T> {
  let answer: T | undefined;
  await expect(async () => {
    answer = await ask();
  }).toPass({ timeout: 5_000, intervals: [100] });
  return answer as T;
}
