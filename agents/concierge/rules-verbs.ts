import { type Rule, strong, sure } from './rule.ts'

/** Patterns of the verbs around models, data and money. */
export const verbRules: readonly Rule[] = [
  ['consent', sure, '\\bconsent\\b|\\brows for _name are mine\\b'],
  [
    'withdraw',
    sure,
    '\\b<take>\\b.*\\b(?:(?:a|one|my|the|that|this|last|of my|_id|contribution|meiner) ?)+.*\\b(?:rows?|contributions?|answers?|entry|examples?|zeilen?|questions?|_id)\\b(?!.*\\b<earned>)',
  ],
  [
    'withdraw',
    sure,
    "\\b(?:withdraw|row|contribution)\\b.*_id\\b|^withdraw$|\\btake back\\b.*\\b(?:row|gave|contribut|sent)|\\b(?:no longer|don'?t) want\\b.*\\b(?:rows?|answers?|contributions?|data)\\b.*\\b(?:in there|used|in it|in the|included|any ?more)|\\bby mistake\\b.*\\b(?:remove|delete|take)|\\bundo\\b.*\\b(?:contribut|sent|gave|submi)|\\bwant my (?:rows?|data|answers?|contributions?) back\\b|\\b(?:row|rows|contribution)\\b.*\\bget rid of\\b|zurückziehen",
  ],
  [
    'submission',
    sure,
    '\\b(?:were|was|are|is|have|did|has|why (?:was|were|is|are|did)|how many|wurden?)\\b.*\\b<rows>\\b.*\\b(?:accepted|refused|rejected|pass(?:ed)?|approved|declined|through|checked|reviewed|good enough|angenommen|abgelehnt|in yet)\\b',
  ],
  [
    'submission',
    sure,
    '\\b(?:what (?:happened|became|has become|is) (?:to|of|with)|result of|verdicts? (?:on|of|for)|outcome of|curator done with|show|state of)\\b.*\\b(?:my (?:last |latest |newest )?(?:rows?|submissions?|contributions?|file|upload|data)|(?:i|stuff i|things i) (?:sent|gave|submitted|uploaded))\\b|^(?:my )?submissions?\\b|\\bsubmission _id\\b|\\brow _amount\\b|\\bwhat i (?:gave|sent|submitted)\\b.*\\b(?:check|verdict|result)|\\b(?:check|verdict|result)\\b.*\\bwhat i (?:gave|sent)',
  ],
  [
    'freeze',
    sure,
    '^freeze\\b|\\bfreeze (?:_name|my|the|it|this)\\b|\\b(?:stop|end|close|finish|halt|terminate)\\b(?!.*\\bmy account\\b).*\\b(?:gather\\w*|collect\\w*|accepting|contributions|data(?! on me)|rows|submissions|sammlung)\\b(?!.*\\b(?:my account|about me)\\b)|\\b(?:enough|no more|sufficient) (?:rows|data|contributions)\\b|\\bquota\\b.*\\b(?:close|reached|end|full)|\\bhas its quota|sammlung\\b.*\\bbeenden|\\bstart (?:the )?(?:tuning|training) (?:of )?(?:my|_name|now)',
  ],
  [
    'run',
    sure,
    '^(?!.*\\b(?:want to help|help train|data was|next train|train (?:to|from))\\b).*(?<!\\bfor )\\b(?:training|trained|tuned|tuning|trainer|loss|fine-?tun\\w+|eta|tokens per second|learning rate|training run|train)\\b(?!.*\\b(?:enough|no more|stop|propose|someone should|for training|to tune|begin)\\b)',
  ],
  ['run', sure, '^(?:the )?run\\b(?! all)|\\brun of\\b|\\bloss curve\\b|\\bwie läuft das training'],
  [
    'receipt',
    sure,
    '\\b(?:receipts?|invoices?|quittung|recibo|beleg|bill for|proof of (?:my |the )?(?:payment|vote|purchase|ballot)|(?:prove|evidence|proof) (?:that )?i (?:paid|voted|asked)|evidence that i)\\b',
  ],
  [
    'event',
    sure,
    '\\b(?:events?|entry|entries|ledger (?:event|entry))(?: number| no\\.?| nr\\.?)? ?(?:_number|_amount)\\b|\\b(?:a )?single (?:ledger )?event|\\b(?:event|entry)\\b.*(?:_number|_amount)',
  ],
  [
    'events',
    sure,
    '\\b(?:ledger|audit (?:log|trail)|public (?:log|record)|transparency log|event (?:log|history)|hauptbuch|libro mayor|recent activity|(?:list|show|newest|latest|recent|all) (?:the )?(?:newest |latest |recent )?events)\\b(?!.*(?:_number|_amount))|^events?$|\\bhistory of everything\\b|\\brecorded\\b',
  ],
  [
    'notices',
    sure,
    "\\b(?:notices?|notifications?|unread|inbox|neuigkeiten|novedades|did i miss|i missed?|any(?:thing)? new|what'?s new|any (?:news|updates?|messages)|news for me|my (?:messages|notices|news|notifications|alerts)|do i have (?:any )?(?:messages|news)|i should know)\\b|^news[?!.]*$",
  ],
  [
    'vote',
    sure,
    "\\b(?:vote|voting|voto|stimme|ballot|i'?m voting|votar|voter|abstimmen)\\b.*\\b_name\\b|\\b_name\\b.*\\b(?:vote|ballot|dafür|dagegen)\\b",
  ],
  [
    'vote',
    sure,
    "\\b(?:in favou?r of|i'?m (?:for|against)|i am (?:for|against)|support|approve(?: of)?|endorse|oppose|reject|veto|accept|(?:yes|yep|aye|no|nay|yeah|nope|ja|nein|sí) (?:to|on|for|zu)|against|pro|thumbs up for|thumbs down for|put me down as an? (?:yes|no)|my (?:vote|answer) (?:on|for|to)) _name\\b(?!.*_amount)",
  ],
  [
    'vote',
    sure,
    "^(?:i (?:want to|would like to|wanna) |i'?d like to |let me |how (?:do|can) i |please )?(?:vote|cast (?:a|my) (?:vote|ballot))(?: (?:yes|no|for|against|please|now))*[\\s.?!]*$",
  ],
  [
    'vote',
    strong,
    '_name\\b.*\\b(?:make it an? (?:yes|no)|should not happen|put me down|gets my (?:yes|no|vote))|\\b(?:make it|change (?:it )?to) an? (?:yes|no)\\b.*',
  ],
  [
    'pledge',
    sure,
    '\\b(?:pledge|prepay|fund|back|sponsor|invest|chip in|commit|crowdfund|finance|put|support|give|gebe|behind|contribute|bet|stake)\\b.*\\b_amount\\b.*\\b(?:_name|model|proposal)\\b|\\b(?:pledge|prepay|fund|back|sponsor|invest|chip in|commit|crowdfund|finance|support)\\b.*\\b_name\\b.*_amount',
  ],
  [
    'pledge',
    sure,
    '\\b(?:pledge|prepay|crowdfund|chip in|sponsor)\\b(?!.*\\bhelp\\b)|\\b(?:fund|finance|invest in|back) _name\\b|_amount (?:tokens )?(?:behind|for|to) _name',
  ],
  [
    'deposit',
    sure,
    '\\b(?:deposit|top(?: \\w+)? up|top-?up|recharge|refill|reload|lade|aufladen|recargar?|pay in|fill (?:up|it)|load (?:up|some|money|tokens|credits?))\\b(?!.*_name)',
  ],
  [
    'deposit',
    sure,
    '\\b(?:move|transfer|put|add|send|charge|load|bring)\\b.*\\b(?:wallet\\b.*\\bbalance|(?:on|onto|to|into) (?:my|the) (?:prepaid )?(?:balance|account|credit)|my account with)\\b|\\b(?:need|want|buy|get|add) (?:some |more |a few )*(?:credits?|prepaid)\\b|\\bbalance is (?:empty|low|zero)\\b|\\bload (?:money|tokens)',
  ],
  [
    'claim',
    sure,
    "^(?:please |i want to |i'?d like to |can i |let me )?(?:claim|cash (?:in|out)|pay ?out|redeem|collect)\\b(?!.*(?<!\\p{L})<others>(?!\\p{L}))|\\bpay (?:me|it|everything|that)(?: (?:out|what|my|now)|[.!]*$)|\\b(?:claim|collect|redeem|cash (?:in|out)|withdraw|send|transfer|get|pay ?out|cobrar|auszahl\\w*|zahl\\w*)\\b.*\\b(?:<earned>|owed|owe me|claimable|gané|verdienst)\\b(?!.*\\b(?:how much|did|what did)\\b)",
  ],
  [
    'claim',
    sure,
    '\\b(?:have|get|give me|send me|release|want) my (?:money|tokens|share|cash)\\b(?! (?:back|into))|\\b(?:want|like) to be paid\\b|\\bgive me what\\b.*\\bowe\\b|\\bget my (?:tokens|money) out\\b|\\bwhen do i get paid\\b',
  ],
  [
    'account',
    sure,
    '^(?!.*\\b(?:put|move|transfer|increase|get|add|let me|onto|load|top)\\b.*\\b(?:in|on|onto|out|to|by|have|paid)\\b).*\\b(?:how much|what|did|have|has|does|do|am i|is there|why|wie viel|cuánto|combien)\\b.*\\b(?:i|my|me|mine|ich|mein\\w*)\\b.*\\b(?:<earned>|balance|wallet|tokens left|left|spen[dt]|owe|paid|anything from|money|gané|verdient|claim)\\b(?!.*\\b(?:prove|receipt|evidence)\\b)',
  ],
  [
    'account',
    sure,
    '^(?:please )?(?:(?:show|see|check|open|view) (?:me )?)?(?:my|mein\\w*|mi|the) (?:account|balance|earnings?|wallet|profile|rewards?|income|saldo|stats|konto|guthaben|cuenta|tokens|money)[\\s.?!]*$|^(?:account|balance|earnings?|saldo|wallet|me|guthaben)[\\s?!.]*$|\\bam i (?:broke|rich|out of)\\b|\\bwho am i(?! talking)\\b|\\bwhat do you owe me\\b|\\bleft (?:on|in|of) my (?:balance|account|wallet)|\\bmy profile\\b|\\b(?:which|what) answers\\b.*\\bmy\\b|\\btokens\\b.*\\b(?:are|do i have) left\\b|^(?!.*(?:_amount|\\b(?:top|empty|put|move|fill|increase|add|onto)\\b)).*\\bmy balance\\b',
  ],
  [
    'contribute',
    sure,
    "\\b(?:contribut(?:e|ing)|beitragen|contribuer|contribuir|aportar)\\b(?!.*\\b(?:how does|who)\\b)|\\b(?:give|add|upload|submit|share|donate|send|provide|supply|have|teach|offer|hand|here (?:are|is|come))\\b.*\\b(?:rows?|data|questions? and (?:its )?answers?|questions|faqs?|files?|csv|pdf|spreadsheet|documents?|knowledge|what i know|something|examples?|datos|notes)\\b(?!.*\\b(?:back|about me|a copy|mine into|my data(?! to _name)|my questions to|my personal data|removed?|looked|shouldn't have|refused|mistake|as an? file|know about)\\b)",
  ],
  [
    'contribute',
    strong,
    '\\bteach _name\\b|\\b(?:rows?|data)\\b.*\\b(?:licen[cs]\\w*|cc0|cc[- ]by)\\b|\\bwhere do i put\\b|\\bwrite a question and\\b|\\blearns? from (?:them|it|my)',
  ],
  [
    'propose',
    sure,
    '\\b(?:propos(?:e|ing)|vorschlagen|proponer|proposer un)\\b|\\b(?:make|open|start|submit|new|create|write|begin|launch|file) (?:a |an |another |the )*(?:new )?(?:proposal|model)\\b|\\b(?:new|my own|own) model\\b|\\bmodel of my own\\b|\\bidea for (?:a|an|another)\\b|\\b(?:build|create|make|have|get|train|suggest|start|found|need|want|launch)\\b(?:.* )?(?:(?:a|another|an|one) )?(?:model|something|one|assistant) (?:for|about|on|called|named|that (?:knows|answers|helps))\\b(?!.*_name)|\\bmodel (?:for|about|on) .*\\b(?:gets made|made|built|exist)\\b|\\bneues modell\\b',
  ],
  [
    'model',
    sure,
    '\\b(?:switch|change|use|set|talk|speak|go back|move|swap|select|pick|choose|nimm|usa|continue)\\b(?: \\w+){0,3} (?:to |with |over to |the |model )*_name\\b(?!.*\\b(?:vote|ballot|no|yes)\\b)|\\b(?:from (?:here|now) on|in future)\\b.*_name|_name\\b.*\\b(?:from (?:here|now) on|instead)\\b|\\b(?:rather|prefer to) (?:talk|speak|ask)\\b.*_name',
  ],
  [
    'model',
    sure,
    '\\b(?:another|a different|different|change(?: the)?|choose an?(?:other)?|switch(?: the)?|pick (?:an?|which)) model\\b|\\bpick which model\\b|\\bwhich model am i\\b|^model$',
  ],
  [
    'models',
    sure,
    '^(?!.*\\b(?:pick|choose|switch|change)\\b).*\\b(?:which|what|list|show|all|see|qué|welche|quels|available|released)\\b.*\\b(?:models?|modelle|modelos|modèles|assistants)\\b(?!.*\\b(?:gathering|am i|my own|voting|training)\\b)|^(?:the )?models?(?: please| pls|\\?)*$',
  ],
  [
    'models',
    sure,
    "\\b(?:model )?card (?:of|for)\\b|\\b(?:how (?:much|expensive)|what|price|cost\\w*)\\b.*\\b(?:question|costs?|price|charge)\\b.*\\b_name\\b|_name\\b.*\\b(?:costs?|price|expensive|licen[cs]es?|evaluation|evaluated|score|card)\\b(?!.*\\bthese rows\\b)|\\bwhat(?:'s| is) in _name\\b|\\bwhat can i (?:talk to|ask)\\b|\\bis there (?:a|any) model\\b|\\bhow (?:well|good)\\b.*_name\\b",
  ],
  [
    'status',
    sure,
    "^(?:please )?(?:status|overview|stand|state|proposals?)\\b(?!.*\\bmy submission)|\\b(?:status|state) of (?:_name|things|the network|play|affairs|everything)|\\b(?:where|how) (?:do|does|is|are|far)\\b.*\\b(?:_name|proposals?|things|everything|everybody)\\b.*\\b(?:stand|doing|going|is|along|thing)?|\\bhow is _name doing\\b|\\bwhat(?:'?s| is) (?:going on|happening|everybody)|\\bbig picture\\b|\\bwie ist der stand\\b",
  ],
  [
    'status',
    sure,
    '\\b(?:list|show|which|every|all|what|open|about)\\b.*\\bproposals?\\b(?!.*\\b(?:make|open a|new|start)\\b)|\\b(?:has|did|is|does|will|when (?:does|will|is)) .*_name\\b.*\\b(?:passed?|pass|need|close[sd]?|open|over|voting|gathering|accepted|failed|end)\\b|\\b(?:is there|any) (?:a )?(?:votes?|polls?)\\b|\\b(?:poll|vote|voting)\\b.*\\b(?:end|close|running|over|until)\\b|\\bgathering data\\b|\\brows does _name\\b|\\b(?:anything|what)\\b.*\\b(?:people|deciding|decided)\\b|\\bwho (?:proposed|made|wrote|is behind) _name\\b|^_name\\?$|\\b(?:tell me )?about (?:the proposal )?_name\\b',
  ],
]
