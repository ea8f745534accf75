// Build the console: bundle src/ into dist/ with hashed names, or (--tests) the unit tests into node_modules/.muster-tests/.
import { build, context } from "esbuild";
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

const TARGET = ["es2022", "chrome111", "firefox115", "safari16.4"];
const shared = {
  bundle: true,
  format: "esm",
  target: TARGET,
  jsx: "automatic",
  jsxImportSource: "preact",
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
};

/** Write index.html with the hashed names, and the service worker with the list of what it keeps. */
async function writeShell(metafile) {
  const made = Object.keys(metafile.outputs).map((path) => path.replace(/^dist\//, ""));
  const entry = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === "src/main.tsx");
  const script = entry[0].replace(/^dist\//, "");
  const style = entry[1].cssBundle.replace(/^dist\//, "");
  const html = (await readFile("src/index.html", "utf8"))
    .replace("%SCRIPT%", `/${script}`)
    .replace("%STYLE%", `/${style}`);
  await writeFile("dist/index.html", html);
  await cp("src/icon.svg", "dist/icon.svg");
  const assets = made.filter((path) => !path.endsWith(".map")).map((path) => `/${path}`);
  const version = createHash("sha256").update(html + assets.join()).digest("hex").slice(0, 12);
  await build({
    ...shared,
    entryPoints: ["src/sw.ts"],
    outfile: "dist/sw.js",
    minify: true,
    define: { VERSION: JSON.stringify(version), ASSETS: JSON.stringify(["/icon.svg", ...assets]) },
  });
}

const shell = { name: "shell", setup: (on) => on.onEnd((result) => result.metafile && writeShell(result.metafile)) };

const pages = {
  ...shared,
  entryPoints: ["src/main.tsx"],
  outdir: "dist",
  entryNames: "assets/[name]-[hash]",
  chunkNames: "assets/[name]-[hash]",
  splitting: true,
  minify: true,
  sourcemap: true,
  metafile: true,
  plugins: [shell],
};

async function buildTests() {
  await rm("node_modules/.muster-tests", { recursive: true, force: true });
  await mkdir("node_modules/.muster-tests", { recursive: true });
  const names = (await readdir("tests")).filter((name) => /\.test\.tsx?$/.test(name));
  await build({
    ...shared,
    platform: "node",
    target: "node20",
    entryPoints: names.map((name) => join("tests", name)),
    outdir: "node_modules/.muster-tests",
    outExtension: { ".js": ".mjs" },
    entryNames: "[name]",
  });
  console.log(`built ${names.map((name) => basename(name)).join(", ")}`);
}

if (process.argv.includes("--tests")) {
  await buildTests();
} else {
  await rm("dist", { recursive: true, force: true });
  await mkdir("dist", { recursive: true });
  if (process.argv.includes("--watch")) await (await context(pages)).watch();
  else await build(pages);
}
