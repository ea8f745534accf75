// Whose word a proposal has, and whose is missing.
import { Icon } from "../icons";
import { t } from "../texts";
import { toMs, whenText } from "../time";
import { missingOf } from "./plan";
import { listText } from "./sentences";
import { nowMs, zone } from "./store";
import type { Proposal } from "./wire";

export function Consents({ proposal, own }: { proposal: Proposal; own: readonly string[] }) {
  const words = t().lead.consents;
  const missing = missingOf(proposal);
  return (
    <section class="consents" aria-label={words.title} role="status">
      <ul>
        {proposal.parties.map((region) => {
          const consent = proposal.consents[region];
          return (
            <li key={region} data-party={region} data-consent={consent ? "given" : "missing"}>
              <Icon name={consent ? "accepted" : "waiting"} size={14} /> <b>{region}</b>{own.includes(region) && ` ${words.yours}`}
              {": "}{consent ? words.given(consent.by, whenText(toMs(consent.at), zone.value, nowMs())) : words.missing}
            </li>
          );
        })}
      </ul>
      {missing.length > 0 && <p>{words.waitsFor(listText(missing))}</p>}
    </section>
  );
}
