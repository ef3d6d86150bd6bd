#!/usr/bin/env node
// solc's command line over solc-js, as far as forge uses it: `--version`, and `--standard-json` from stdin to stdout.
// CommonJS, because forge runs the file itself and solc is CommonJS. Sources come inside the JSON; no import is resolved here.
const { readFileSync } = require('node:fs')
const solc = require('solc')

if (process.argv.includes('--version')) {
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`)
} else if (process.argv.includes('--standard-json')) {
  process.stdout.write(solc.compile(readFileSync(0, 'utf8')))
} else {
  process.stderr.write(
    `solc-wasm.cjs knows --version and --standard-json, not: ${process.argv.slice(2).join(' ')}\n`,
  )
  process.exitCode = 1
}
