// Who is in the session, who leads, how good each link is; the lead can be handed over.
import { Icon, type IconName } from "../icons";
import { t } from "../texts";
import type { AssistClient } from "./client";
import type { PartyRole, PartyView } from "./wire";

const ICONS: Record<PartyRole, IconName> = { technician: "onSite", expert: "person", observer: "locate" };

function Hand({ client, party }: { client: AssistClient; party: PartyView }) {
  const words = t().assist.people;
  const me = client.me.value;
  const { baton } = client.fold;
  const holder = client.parties.value.find((one) => one.party === baton);
  const isMe = party.party === me?.party;
  if (party.role !== "expert" || party.party === baton) return null;
  const mayPass = client.isLeading && party.present;
  const mayTake = isMe && me?.role === "expert" && !holder?.present;
  if (!mayPass && !mayTake) return null;
  return (
    <button type="button" class="text-button" data-pass={party.party} onClick={() => client.ask({ type: "pass_baton", to: party.party })}>
      <Icon name="baton" size={14} /> {mayTake ? words.take : words.pass(party.party)}
    </button>
  );
}

export function People({ client }: { client: AssistClient }) {
  client.version.value;
  const words = t().assist;
  const parties = client.parties.value.filter(({ party }) => client.fold.parties.has(party));
  return (
    <ul class="people" aria-label={words.people.title}>
      {parties.map((party) => (
        <li key={party.party} class={party.present ? "" : "away"} data-party={party.party} data-present={party.present}>
          <Icon name={ICONS[party.role]} size={15} />
          <span class="people-who">
            <b>{party.party}</b>
            <span class="muted">
              {words.roles[party.role]}
              {party.party === client.me.value?.party && ` · ${words.people.you}`}
              {!party.present && ` · ${words.people.away}`}
              {party.present && party.level !== "video" && ` · ${words.levelWords[party.level]}`}
            </span>
          </span>
          {client.fold.baton === party.party && <span class="leads" data-leads={party.party}><Icon name="baton" size={13} /> {words.people.leads}</span>}
          <Hand client={client} party={party} />
        </li>
      ))}
    </ul>
  );
}
