// node asyncapi.mjs FILE: what AsyncAPI's own parser says of the document; exit code 1 where it says anything.
import { readFile } from "node:fs/promises";
import { Parser } from "@asyncapi/parser";

const { document, diagnostics: all } = await new Parser().parse(await readFile(process.argv[2], "utf8"));
const diagnostics = all.filter(({ code }) => code !== "asyncapi-latest-version"); // 3.0 is what is written
for (const { code, message, path } of diagnostics) console.log(`${code} at /${path.join("/")}: ${message}`);
if (!document || diagnostics.length) process.exit(1);
console.log(`${document.channels().length} channels, ${document.allMessages().length} messages`);
