// Signs in once; every other test begins with this login.

import { expect, test as setup } from "@playwright/test";
import { loginFile, signIn } from "./house";

setup("a person signs in and is on Live", async ({ page }) => {
  await page.goto("/");
  await signIn(page);
  await expect(page.getByRole("heading", { name: "Live", level: 1 })).toBeVisible();
  await expect(page).toHaveURL(/\/live$/);
  await page.context().storageState({ path: loginFile });
});
