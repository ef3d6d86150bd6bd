/** What `tributary help` prints. */
export const help = `tributary: models that pay the people who made them

  npm start                     start the node; on an empty data folder the tour runs first
  npm run tour                  play a model's whole life on the sample, from a proposal to a claimed reward
    -- --data F --eval F        on your own JSON Lines of {contributor, question, answer}
    -- --bad F                  bad rows from outside: {contributor, question, answer, licence, expected}
    -- --json F                 without a terminal; writes the result to F and ends
  npx tributary verify F.tar    check an exported bundle offline
    --attribution N             and compute the attribution of N of its answers anew, or of all
    --base FOLDER               on this base model (default: the shipped one)
    --seed TEXT                 your part in the draw of the N answers
  npx tributary doctor          check what Discord and Telegram need (with the node stopped)

Settings: TRIBUTARY_DATA (default .tributary), TRIBUTARY_BASE (a folder or owner/name), TRIBUTARY_PORT (4380), TRIBUTARY_THREADS, TRIBUTARY_DEVICE (cpu), TRIBUTARY_WEIGHTS (float32), DISCORD_TOKEN, TELEGRAM_TOKEN, CHAT_MODEL, LOG_LEVEL, DATABASE_URL, CHAIN_RPC_URL; all of them in README.md.
`
