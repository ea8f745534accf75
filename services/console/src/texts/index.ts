// The chosen language: kept on the device, otherwise the browser's, otherwise English.
import { computed, effect, signal } from "@preact/signals";
import { en, type Texts } from "./en";
import { es } from "./es";

export type { Texts };
export const catalogues = { en, es } as const satisfies Record<string, Texts>;
export type Language = keyof typeof catalogues;

const KEPT = "muster.language";
const isLanguage = (name: string | null | undefined): name is Language => name != null && name in catalogues;

/** The first of the wanted languages that has a catalogue; English otherwise. */
export function chooseLanguage(kept: string | null, wanted: readonly string[]): Language {
  if (isLanguage(kept)) return kept;
  return wanted.map((name) => name.slice(0, 2).toLowerCase()).find(isLanguage) ?? "en";
}

function kept(): string | null {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null; // storage may be switched off: then the browser's language decides each time
  }
}

export const language = signal<Language>(
  typeof navigator === "undefined" ? "en" : chooseLanguage(kept(), navigator.languages ?? [navigator.language]),
);
const current = computed<Texts>(() => catalogues[language.value]);

/** The texts in the chosen language; reading them in a component makes it follow a switch. */
export const t = (): Texts => current.value;

/** A fixed word from the wire in the chosen language, or the word itself with its underscores opened. */
export const reasonText = (word: string): string => t().reasons[word] ?? word.replaceAll("_", " ");

/** Why a hard rule forbids sending somebody, or the rule's word with its underscores opened. */
export const ruleText = (word: string): string => t().rules[word] ?? word.replaceAll("_", " ");

/** A part of what sending somebody costs. */
export const partText = (word: string): string => t().costParts[word] ?? word.replaceAll("_", " ");

export function setLanguage(name: Language): void {
  language.value = name;
  try {
    localStorage.setItem(KEPT, name);
  } catch {
    // not kept then; the page still changes
  }
}

if (typeof document !== "undefined") {
  effect(() => {
    document.documentElement.lang = language.value;
  });
}
