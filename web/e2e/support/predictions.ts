import type { Prediction } from "../../src/api/client.ts";
import type { Page } from "./test.ts";

/** Do something that makes the page ask for a prediction; returns what the page sent and what the server answered. */
export async function predictionAfter(page: Page, act: () => Promise<unknown>) {
  let seen: (what: { sent: Buffer; prediction: Prediction }) => void;
  const answer = new Promise<{ sent: Buffer; prediction: Prediction }>((resolve) => {
    seen = resolve;
  });
  await page.route("**/predict_expression*", async (route) => {
    const response = await route.fetch();
    seen({ sent: route.request().postDataBuffer() ?? Buffer.of(), prediction: await response.json() });
    await route.fulfill({ response });
  });
  await act();
  return answer;
}
