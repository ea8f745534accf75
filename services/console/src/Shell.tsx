// What every page has: the header with navigation, the live sign, the log's clock, language and sign-out.
import type { ReadonlySignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import type { LinkState, LiveStream } from "./live";
import { Icon } from "./icons";
import { pagesFor, type PageName } from "./pages";
import { go } from "./router";
import { session, signOut } from "./session";
import { catalogues, language, setLanguage, t, type Language } from "./texts";
import { clockSecondsText, clockText, dayText, zoneText } from "./time";

export function LanguageChoice() {
  return (
    <label class="language">
      <span class="visually-hidden">{t().common.languageLabel}</span>
      <select
        name="language"
        value={language.value}
        onChange={(event) => setLanguage(event.currentTarget.value as Language)}
      >
        {Object.entries(catalogues).map(([name, texts]) => (
          <option key={name} value={name} lang={name}>{texts.language}</option>
        ))}
      </select>
    </label>
  );
}

export function LinkSign({ link }: { link: ReadonlySignal<LinkState> | null }) {
  const status = link?.value.status ?? "connecting";
  const words = { live: t().link.live, connecting: t().link.connecting, lost: t().link.lost, ended: t().link.lost };
  return (
    <span class={`link-sign ${status}`} role="status" data-link={status}>
      {status === "live" ? <span class="pulse" aria-hidden="true" /> : <Icon name="silent" size={14} />}
      {words[status]}
    </span>
  );
}

/** Says plainly that what is shown is old, and how old. */
export function LinkNotice({ stream, now, zone }: { stream: Pick<LiveStream, "link" | "retryNow">; now: ReadonlySignal<number | null>; zone: string }) {
  const { status, lostSince } = stream.link.value;
  if (status !== "lost" || lostSince === null) return null;
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const since = clockSecondsText(lostSince, own);
  const shown = now.value === null ? null : clockText(now.value, zone);
  return (
    <div class="link-notice" role="alert">
      <Icon name="silent" />
      <span>{shown ? t().link.lostSince(since, shown) : t().link.lostPlain(since)}</span>
      <button type="button" onClick={stream.retryNow}>{t().link.retry}</button>
    </div>
  );
}

function LogClock({ now, zone }: { now: ReadonlySignal<number | null>; zone: string }) {
  const ms = now.value;
  if (ms === null) return <span class="log-clock muted">{t().common.noClock}</span>;
  return (
    <time class="log-clock" title={t().common.clockHint} dateTime={new Date(ms).toISOString()}>
      <span class="log-day">{dayText(ms, zone)}</span>
      <b>{clockSecondsText(ms, zone)}</b>
      <span class="muted">{zoneText(ms, zone)}</span>
    </time>
  );
}

export interface HeaderProps {
  page: PageName;
  /** A page without a stream of its own leaves out the live sign and the log's clock. */
  link?: ReadonlySignal<LinkState> | null;
  now?: ReadonlySignal<number | null>;
  zone?: string;
  children?: ComponentChildren;
}

export function Header({ page, link, now, zone = "UTC", children }: HeaderProps) {
  const who = session.value;
  const pages = who.status === "in" ? pagesFor(who.me.role) : [];
  return (
    <header class="top">
      <a class="skip" href="#content">{t().skip}</a>
      <span class="brand">
        <img src="/icon.svg" width="22" height="22" alt="" />
        {t().product}
      </span>
      <nav class="nav" aria-label={t().nav.label}>
        {pages.map(({ name, path }) => (
          <a
            key={name}
            href={path}
            aria-current={name === page ? "page" : undefined}
            onClick={(event) => {
              event.preventDefault();
              go(path);
            }}
          >
            {t().nav[name]}
          </a>
        ))}
      </nav>
      {children}
      <span class="spacer" />
      {link !== undefined && <LinkSign link={link} />}
      {now && <LogClock now={now} zone={zone} />}
      <LanguageChoice />
      {who.status === "in" && (
        <button type="button" class="quiet" title={`${who.me.subject} · ${who.me.role}`} onClick={() => void signOut()}>
          {t().signIn.out}
        </button>
      )}
    </header>
  );
}
