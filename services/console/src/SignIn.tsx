// Where somebody without a session lands: says what a token is and how to get one.
import { useState } from "preact/hooks";
import { LanguageChoice } from "./Shell";
import { session, signIn } from "./session";
import { t } from "./texts";

export function SignIn() {
  const [busy, setBusy] = useState(false);
  const now = session.value;
  const words = t().signIn;
  const messages = { none: null, refused: words.refused, unreachable: words.unreachable, ended: words.ended };
  const message = now.status === "out" ? messages[now.why] : null;
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const field = (event.currentTarget as HTMLFormElement).elements.namedItem("token") as HTMLTextAreaElement;
    setBusy(true);
    await signIn(field.value);
    setBusy(false);
  };
  return (
    <main id="content" class="sign-in">
      <form class="panel" onSubmit={(event) => void submit(event as SubmitEvent)}>
        <p class="brand"><img src="/icon.svg" width="28" height="28" alt="" /> {t().product}</p>
        <h1>{words.title}</h1>
        {message && <p class="notice" role="alert">{message}</p>}
        <p>{words.intro}</p>
        <p class="muted">{words.how}</p>
        <pre><code>muster token --role dispatcher --subject me --region &apos;*&apos;</code></pre>
        <label for="token">{words.label}</label>
        <textarea id="token" name="token" rows={4} required autocomplete="off" spellcheck={false} autocapitalize="none" />
        <div class="sign-in-foot">
          <button type="submit" class="primary" disabled={busy}>{busy ? words.busy : words.submit}</button>
          <LanguageChoice />
        </div>
      </form>
    </main>
  );
}
