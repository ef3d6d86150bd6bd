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
  npx tributary quickstart F    from a dataset (JSON Lines or CSV) to a model of your own with an API, without a vote
    --licence SPDX --rights yes what you say of the rows; asked for in a terminal
    --name N --price T          the model's name (default: the file's), tokens a question (default: none)
  npx tributary import adapter FOLDER --name N --licence SPDX    serve a PEFT adapter that was tuned elsewhere
  npx tributary import dataset F --model N --licence SPDX --rights yes    give a file's rows to a model that gathers
  npx tributary export hf MODEL --to FOLDER    a released adapter for PEFT and the Hugging Face hub
  npx tributary doctor          check what Discord and Telegram need (with the node stopped)
  npx tributary mcp             an MCP server on stdio, for the running node or by itself
  npx tributary VERB ...        call a verb of the running node: tributary ask beekeepers "What is a nuc?"
    --yes                       without asking first where money moves or a vote is cast
    --json                      print what it returned, as JSON
    --operator                  as the operator, not as your own account
    --help                      what the verb takes; tributary help lists the verbs

Settings: TRIBUTARY_DATA (default .tributary), TRIBUTARY_BASE (a folder or owner/name), TRIBUTARY_PORT (4380), TRIBUTARY_THREADS, TRIBUTARY_DEVICE (cpu), TRIBUTARY_WEIGHTS (float32), DISCORD_TOKEN, TELEGRAM_TOKEN, CHAT_MODEL, TRIBUTARY_URL and TRIBUTARY_KEY (a node elsewhere), LOG_LEVEL, DATABASE_URL, CHAIN_RPC_URL; all of them in README.md.
`
