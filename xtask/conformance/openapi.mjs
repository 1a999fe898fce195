// Lints an OpenAPI document, and holds its examples against its schemas.
//
// Usage: node openapi.mjs openapi.json. Needs the package `@redocly/openapi-core`, here or in NODE_PATH.
// Ends with 0 if nothing is wrong, 1 if something is, 3 if the package is missing.

import { createRequire } from "node:module";

let core;
try {
  core = createRequire(import.meta.url)("@redocly/openapi-core");
} catch {
  console.log("the package @redocly/openapi-core is not installed");
  process.exit(3);
}
const config = await core.createConfig({
  extends: ["recommended-strict"],
  rules: {
    // The HTTP status of a refusal is not documented.
    "operation-4xx-response": "off",
    "no-invalid-media-type-examples": { severity: "error", allowAdditionalProperties: true },
    "no-invalid-schema-examples": { severity: "error", allowAdditionalProperties: true },
    "operation-operationId": "error",
  },
});
const problems = await core.lint({ ref: process.argv[2], config });
for (const { ruleId, message, location } of problems) {
  console.log(`${ruleId}: ${message} ${location[0]?.pointer ?? ""}`);
}
if (problems.length > 0) process.exit(1);
console.log(`${process.argv[2]}: no fault found`);
