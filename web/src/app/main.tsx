import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { meQuery } from "@/api/queries";
import { createQueryClient } from "@/app/client";
import { createAppRouter } from "@/app/router";
import "@/app/base.css";

const client = createQueryClient(() => {
  client.removeQueries({ queryKey: meQuery().queryKey });
  void router.invalidate();
});
const router = createAppRouter(client);

const place = document.getElementById("root");
if (!place) throw new Error("index.html has no #root");
createRoot(place).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
