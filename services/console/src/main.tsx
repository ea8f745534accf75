// The pages' entry: session first, then the page of the path.
import { render, type FunctionComponent } from "preact";
import { useEffect, useErrorBoundary, useState } from "preact/hooks";
import { pageOf, pagesFor, type PageName } from "./pages";
import { go, path } from "./router";
import { session, startSession } from "./session";
import { SignIn } from "./SignIn";
import { t } from "./texts";
import "uplot/dist/uPlot.min.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/board.css";
import "./styles/lists.css";
import "./styles/job.css";
import "./styles/lead.css";
import "./styles/assist.css";
import "./styles/switchboard.css";

const LOADERS: Record<PageName, () => Promise<FunctionComponent>> = {
  board: async () => (await import("./board/Board")).Board,
  job: async () => (await import("./job/Job")).Job,
  assist: async () => (await import("./assist/Assist")).Assist,
  lead: async () => (await import("./lead/Lead")).Lead,
  switchboard: async () => (await import("./switchboard/Switchboard")).Switchboard,
};

function Plain({ children, action }: { children: string; action?: { name: string; act: () => void } | undefined }) {
  return (
    <main id="content" class="plain">
      <p>{children}</p>
      {action && <button type="button" class="primary" onClick={action.act}>{action.name}</button>}
    </main>
  );
}

function Loaded({ name }: { name: PageName }) {
  const [page, setPage] = useState<{ name: PageName; Page: FunctionComponent } | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let wanted = true;
    LOADERS[name]().then(
      (Page) => wanted && setPage({ name, Page }),
      () => wanted && setFailed(true),
    );
    return () => {
      wanted = false;
    };
  }, [name]);
  if (failed) return <Plain action={{ name: t().common.reload, act: () => location.reload() }}>{t().common.failed}</Plain>;
  return page?.name === name ? <page.Page /> : null;
}

function App() {
  const [broken] = useErrorBoundary((error) => console.error(error));
  const now = session.value;
  if (broken) return <Plain action={{ name: t().common.reload, act: () => location.reload() }}>{t().common.failed}</Plain>;
  if (now.status === "starting") return null;
  const page = pageOf(path.value);
  if (now.status === "out") return page?.guests ? <Loaded name={page.name} /> : <SignIn />;
  const own = pagesFor(now.me.role);
  if (page && own.includes(page)) return <Loaded name={page.name} />;
  const start = own[0];
  if (page?.path === "/" && start) {
    queueMicrotask(() => go(start.path, true));
    return null;
  }
  const action = start && { name: t().common.toStart, act: () => go(start.path) };
  return <Plain action={action}>{page ? t().common.notForYou : t().common.unknownPage}</Plain>;
}

const root = document.getElementById("app");
if (!root) throw new Error("index.html lacks #app");
render(<App />, root);
void startSession();
if ("serviceWorker" in navigator && isSecureContext) void navigator.serviceWorker.register("/sw.js").catch(() => undefined);
